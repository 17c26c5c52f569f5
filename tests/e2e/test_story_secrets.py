"""A secret of every kind is planted, and what can fail fails: the harness finds none where it does not belong."""

from __future__ import annotations

import base64
import contextlib
import http.client
import subprocess
import sys
import time
from collections import defaultdict

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.canaries.kinds import canary
from tests.canaries.search import Pile, unpacked
from tests.canaries.watch import dump
from tests.e2e.conftest import HTTP, House, stage
from tests.e2e.forge_process import ROOT
from tests.e2e.live import until
from tests.parts import images
from tests.parts.certificates import Authority

pytestmark = [pytest.mark.real, pytest.mark.promise("secrets")]
NOWHERE = "127.0.0.1:9"  # nobody answers there
PASSPHRASE, PASSWORD = canary("phrase"), canary("admin")
KINDS = {
    "registries password", "proxies password", "engines key", "notifications address", "notifications key",
    "settings signing_key", "projects secrets", "webhook path", "launch token", "session", "session ticket",
    "oidc secret", "people password", "tokens secret", "me secret", "me codes", "backup passphrase", "vault key",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(start_forge, engine_part, registry_part, caddy_part):
    caddy_part.reset()
    house = House(start_forge(FORGE_LOG_LEVEL="debug"), engine_part, registry_part, caddy_part)
    house.furnish_proxy()
    house.settings()
    yield house
    engine_part.clear()
    caddy_part.reset()


@pytest.fixture(scope="module")
def planted(house, tmp_path_factory):
    """One of every kind, by the API as people do it; a registry's password, to be used where it does not belong."""
    forge, password = house.forge, canary()
    registry = {"username": "ada", "interval": 0}
    known = {"name": "parts", "url": house.registry.url, "password": password, **registry}
    forge.do("POST", "/api/registries", known)
    forge.do("POST", "/api/registries", {"name": "away", "url": f"http://{NOWHERE}", "password": canary(), **registry})
    forge.do("POST", "/api/proxies", {
        "name": "npm", "kind": "npm", "url": f"http://{NOWHERE}", "address": f"http://{NOWHERE}",
        "username": "ada@example.org", "password": canary(),
    })  # fmt: skip
    folder = Authority(tmp_path_factory.mktemp("engine")).client()
    ca, certificate, key = ((folder / f"{name}.pem").read_text() for name in ("ca", "cert", "key"))
    engine = {"name": "far", "url": f"tcp://{NOWHERE}", "ca": ca, "certificate": certificate, "key": key}
    forge.do("POST", "/api/engines", engine)
    forge.do("PUT", "/api/settings/webhook/signing-key", {"signing_key": canary()})
    house.hook()
    told = {"occasions": ["deploy_failed"], "local": True}
    hook = {"kind": "webhook", "address": f"http://{NOWHERE}/{canary()}", "key": canary()}
    forge.do("POST", "/api/notifications", {"name": "webhook", **hook, **told})
    chat = {"kind": "apprise", "address": f"json://ada:{canary()}@{NOWHERE}/room"}
    forge.do("POST", "/api/notifications", {"name": "apprise", **chat, **told})
    provider = {"issuer": f"http://{NOWHERE}", "client_id": "forge", "secret": canary(), "groups": []}
    forge.do("PUT", "/api/oidc", provider)
    house.project(
        "vaulted", {**stage("dev"), "secrets": {"STAGE_SECRET": canary()}},
        secrets={"APP_SECRET": canary()}, health={**HTTP, "timeout": 3},
    )  # fmt: skip
    people(forge)
    return password


def people(forge):
    """An admin with one-time codes, a program's token, a ticket, and backups with a passphrase and without."""
    forge.do("POST", "/api/people", {"name": "ada", "role": "admin", "password": PASSWORD})
    forge.ask("POST", "/api/session", {"token": forge.token}, headers={})
    cookie = forge.ask("POST", "/api/session", {"name": "ada", "password": PASSWORD}, headers={}).headers["set-cookie"]
    as_ada = {"Cookie": cookie.partition(";")[0], "Origin": forge.url}
    begun = forge.ask("POST", "/api/me/totp", {"password": PASSWORD}, headers=as_ada)
    codes = TOTP(base64.b32decode(begun.json["secret"]), 6, SHA1(), 30)
    now = {"code": codes.generate(int(time.time())).decode()}
    assert forge.ask("POST", "/api/me/totp/confirm", now, headers=as_ada).status == 200
    assert forge.ask("POST", "/api/tokens", {"name": "ci"}, headers=as_ada).status == 201
    forge.do("POST", "/api/session/ticket")
    for body in ({"passphrase": PASSPHRASE}, None):
        assert forge.ask("POST", "/api/backup", body).body.startswith(b"FORGE-BACKUP")
    forge.do("POST", "/api/backups")


def go_wrong(house, secret):
    """Deploys that end well and badly, parts that are away, requests that carry secrets where they do not belong."""
    forge = house.forge
    for number, kind in enumerate(("good", "crashing", "unhealthy"), 1):
        images.push(house.registry, "vaulted", f"dev-{number}", kind=kind)
        forge.deploy("vaulted/dev", f"dev-{number}")
    nouns = ("registries/away", "registries/parts", "proxies/npm", "engines/far")
    for noun in (*nouns, "notifications/webhook", "notifications/apprise", "oidc"):
        forge.ask("POST", f"/api/{noun}/test")
    url = house.registry.url
    for method, path, body in (
        ("POST", "/api/registries", {"name": "x", "url": f"http://ada:{secret}@{NOWHERE}", "interval": 0}),
        ("PUT", "/api/registries/parts", {"url": "nonsense", "username": "ada", "password": secret}),
        ("PUT", "/api/registries/parts", {"url": url, "username": "ada", "password": {"a": secret}}),
        ("POST", "/api/projects", {"name": "y", "image": "a/b", "port": 1, "secrets": {"A B": secret}}),
        ("POST", "/api/notifications", {"name": "z", "kind": "apprise", "address": f"nosuch://{secret}@host"}),
        ("POST", "/api/session", {"token": forge.token, "ticket": secret}),
        ("POST", house.hook(), {"image": f"{house.registry.address}/vaulted:dev-1", "secret": secret}),
        ("POST", house.hook() + "x", {"image": "x"}),
    ):
        forge.ask(method, path, body)
    forge.ask("POST", "/api/config", data=f"registries:\n  a: {{password: {secret}}}\n".encode())
    forge.ask("POST", "/api/projects", data=b'{"name": "' + secret.encode())
    forge.ask("GET", f"/api/events?token={secret}&topics=nonsense")
    raw(forge, b"GET /api/health HTTP/1.1\r\nAuthorization: Bearer " + secret.encode() + b"\r\nbroken\r\n\r\n")


def raw(forge, request):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", forge.port, timeout=10)) as line:
        line.connect()
        line.sock.sendall(request)
        forge.watch.hears("answer of a broken request", line.sock.recv(1000))


def ask_everything(forge):
    """Every GET that the contract knows and can be asked here, and the pages; how many."""
    json_only = {"Authorization": f"Bearer {forge.token}", "Accept": "application/json"}  # else logs are followed
    known = {
        "project": "vaulted", "stage": "dev", "instance": forge.the_instance("vaulted/dev")["id"],
        "deploy": str(forge.deploys("vaulted/dev")[0]["id"]), "sighting": "1",
        "receipt": str(forge.get("/api/webhook/receipts")[0]["id"]),
    }  # fmt: skip
    names = {"registries": ["parts", "away"], "proxies": ["npm"], "notifications": ["webhook", "apprise"]}
    asked = 0
    for path, operations in forge.get("/api/openapi.json")["paths"].items():
        if "get" in operations and path != "/api/events":
            for name in names.get(path.split("/")[2], ["local"]) if "{name}" in path else ["x"]:
                at = path.format_map(defaultdict(lambda: "x", {**known, "name": name}))
                asked += forge.ask("GET", at, headers=json_only).status == 200
    for path in ("/", "/sign-in", "/projects/vaulted", "/plain.css"):
        for headers in (None, {}):
            forge.ask("GET", path, headers=headers)
    return asked


def test_no_secret_of_any_kind_stands_anywhere_that_it_does_not_belong(house, planted):
    forge = house.forge
    with forge.live("/api/events?topics=state,deploy:1,deploy:2,deploy:3,metrics") as stream:
        go_wrong(house, planted)
        until(lambda: any(f.type == "deploy_log" for f in stream.frames), "the stream tells of it")
        until(lambda: len(forge.get("/api/notifications/apprise/deliveries")) > 0, "somebody was to be told")
    assert ask_everything(forge) > 40
    for words in (["config", "export"], ["status"], ["doctor"], ["activity"], ["--json", "status"]):
        forge.type(*words)
    forge.restart()
    assert forge.watch.verdict() == []
    assert set(forge.watch.secrets.values()) >= KINDS
    backups = [unpacked(path.read_bytes()) for path in forge.data.rglob("*.backup")]
    assert [b"SQLite format 3" in backup for backup in backups] == [True]
    assert b"vaulted" in dump(forge.data / "forge.db")


def test_a_crash_tells_no_secret_either(house, planted):
    """An error that nobody foresaw, with secrets in its message and its frames; and an abort."""
    code = f"""
import faulthandler, logging, sys
from forge import log
from forge.compose import compose
from forge.settings import Settings
faulthandler.enable()
log.set_up("debug")
runtime = compose(Settings(data=__import__("pathlib").Path({str(house.forge.data)!r}), port=0))
password = runtime.store.secrets.get("registry/parts/password") or runtime.webhook.secret()
try:
    raise RuntimeError(f"login {{password.reveal()}} at http://ada:{{password.reveal()}}@host {{password!r}}")
except RuntimeError:
    logging.getLogger("forge").exception("Internal error")
sys.stderr.flush()
__import__("os").abort()
"""
    house.forge.stop()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=house.forge.environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -6, done.stderr.decode()[-2000:]
    assert b"Internal error" in done.stderr
    assert b"Fatal Python error: Aborted" in done.stderr
    report = Pile()
    report.add("the crash report", done.stderr)
    assert list(report.hits(house.forge.watch.secrets)) == []
