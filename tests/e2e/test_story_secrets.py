"""A secret of every kind is planted, what can fail fails, and then nothing that Forge says or keeps holds one."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import subprocess
import sys
from base64 import b64encode
from collections import defaultdict
from pathlib import Path

import pytest

from tests.e2e.conftest import HTTP, House, stage
from tests.e2e.forge_process import ROOT
from tests.e2e.live import until
from tests.parts import images
from tests.parts.certificates import Authority

pytestmark = [pytest.mark.real, pytest.mark.promise("secrets")]
NOWHERE = "127.0.0.1:9"  # nobody answers there
# Where a secret stands because that is what the answer is for, told to admins only.
BY_DESIGN = {"/api/settings/webhook": {"webhook secret"}}
KEPT_FOR_THEIR_OWNER = {"vault.key", "token"}  # files of mode 0600


class Canaries(dict):
    """kind → secret; `seen(bytes)` names the kinds that stand there, plain or as logins are written."""

    def plant(self, kind):
        self[kind] = f"canary{secrets.token_hex(12)}"
        return self[kind]

    def seen(self, text, allowed=frozenset()):
        raw = text if isinstance(text, bytes) else text.encode()
        return sorted(
            kind for kind, secret in self.items() if kind not in allowed and any(form in raw for form in forms(secret))
        )


def forms(secret):
    """As it is, and inside of base64 at each of its three places."""
    yield secret.encode()
    for before in ("", "x", "xx"):
        encoded = b64encode((before + secret).encode())
        yield encoded[4:-4]


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
def canaries(house, tmp_path_factory):
    """All planted, by the API as people do."""
    made, forge = Canaries(), house.forge
    registry = {"username": "ada", "interval": 0}
    forge.do("POST", "/api/registries", {
        "name": "parts", "url": house.registry.url, "password": made.plant("registry password"), **registry,
    })  # fmt: skip
    forge.do("POST", "/api/registries", {
        "name": "away", "url": f"http://{NOWHERE}", "password": made.plant("other registry's password"), **registry,
    })  # fmt: skip
    forge.do("POST", "/api/proxies", {
        "name": "npm", "kind": "npm", "url": f"http://{NOWHERE}", "address": f"http://{NOWHERE}",
        "username": "ada@example.org", "password": made.plant("proxy password"),
    })  # fmt: skip
    folder = Authority(tmp_path_factory.mktemp("engine")).client()
    key = (folder / "key.pem").read_text()
    made["engine key"] = key.splitlines()[1]
    forge.do("POST", "/api/engines", {
        "name": "far", "url": f"tcp://{NOWHERE}", "ca": (folder / "ca.pem").read_text(),
        "certificate": (folder / "cert.pem").read_text(), "key": key,
    })  # fmt: skip
    forge.do("PUT", "/api/settings/webhook/signing-key", {"signing_key": made.plant("signing key")})
    made["webhook secret"] = house.hook().rpartition("/")[2]
    for kind, address in (("webhook", f"http://{NOWHERE}/"), ("apprise", f"json://ada:PW@{NOWHERE}/room")):
        token = made.plant(f"{kind} address")
        at = address.replace("PW", token) if "PW" in address else address + token
        more = {"key": made.plant("notification key")} if kind == "webhook" else {}
        body = {"name": kind, "kind": kind, "address": at, "occasions": ["deploy_failed"], "local": True, **more}
        forge.do("POST", "/api/notifications", body)
    house.project(
        "vaulted", {**stage("dev"), "secrets": {"STAGE_SECRET": made.plant("stage secret")}},
        secrets={"APP_SECRET": made.plant("project secret")}, health={**HTTP, "timeout": 3},
    )  # fmt: skip
    made["launch token"] = forge.token
    made["session"] = sign_in(forge)
    made["ticket"] = forge.do("POST", "/api/session/ticket")["ticket"]
    made["vault key"] = (forge.data / "vault.key").read_text("utf-8").split()[-1]
    assert all(len(secret) > 15 for secret in made.values())
    return made


def sign_in(forge):
    answer = forge.ask("POST", "/api/session", {"token": forge.token}, headers={})
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


def go_wrong(house, canaries):
    """Deploys that end well and badly, parts that are away, requests that carry secrets where they do not belong."""
    forge = house.forge
    for number, kind in enumerate(("good", "crashing", "unhealthy"), 1):
        images.push(house.registry, "vaulted", f"dev-{number}", kind=kind)
        forge.deploy("vaulted/dev", f"dev-{number}")
    nouns = ("registries/away", "registries/parts", "proxies/npm", "engines/far")
    nouns += ("notifications/webhook", "notifications/apprise")
    said = [forge.ask("POST", f"/api/{noun}/test").body for noun in nouns]
    secret = canaries["registry password"]
    wrong = [
        ("POST", "/api/registries", {"name": "x", "url": f"http://ada:{secret}@{NOWHERE}", "interval": 0}),
        ("PUT", "/api/registries/parts", {"url": "nonsense", "username": "ada", "password": secret}),
        ("PUT", "/api/registries/parts", {"url": house.registry.url, "username": "ada", "password": {"a": secret}}),
        ("POST", "/api/projects", {"name": "y", "image": "a/b", "port": 1, "secrets": {"A B": secret}}),
        ("POST", "/api/notifications", {"name": "z", "kind": "apprise", "address": f"nosuch://{secret}@host"}),
        ("POST", "/api/session", {"token": canaries["launch token"], "ticket": canaries["ticket"]}),
        ("POST", house.hook(), {"image": f"{house.registry.address}/vaulted:dev-1", "secret": secret}),
        ("POST", house.hook() + "x", {"image": "x"}),
    ]
    for method, path, body in wrong:
        said.append(forge.ask(method, path, body).body)
    said.append(forge.ask("POST", "/api/config", data=f"registries:\n  a: {{password: {secret}}}\n".encode()).body)
    said.append(forge.ask("POST", "/api/projects", data=b'{"name": "' + secret.encode()).body)
    said.append(forge.ask("GET", f"/api/events?token={secret}&topics=nonsense").body)
    raw(forge, b"GET /api/health HTTP/1.1\r\nAuthorization: Bearer " + secret.encode() + b"\r\nbroken\r\n\r\n")
    return said


def raw(forge, request):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", forge.port, timeout=10)) as line:
        line.connect()
        line.sock.sendall(request)
        line.sock.recv(1000)


def every_answer(forge):
    """(path, body) of every GET that the contract knows and can be asked here, and the pages."""
    json_only = {"Authorization": f"Bearer {forge.token}", "Accept": "application/json"}  # else logs are followed
    known = {
        "project": "vaulted", "stage": "dev", "instance": forge.the_instance("vaulted/dev")["id"],
        "deploy": str(forge.deploys("vaulted/dev")[0]["id"]), "sighting": "1",
        "receipt": str(forge.get("/api/webhook/receipts")[0]["id"]),
    }  # fmt: skip
    names = {"registries": ["parts", "away"], "proxies": ["npm"], "notifications": ["webhook", "apprise"]}
    for path, operations in forge.get("/api/openapi.json")["paths"].items():
        if "get" in operations and path != "/api/events":
            for name in names.get(path.split("/")[2], ["local"]) if "{name}" in path else ["x"]:
                at = path.format_map(defaultdict(lambda: "x", {**known, "name": name}))
                yield path, forge.ask("GET", at, headers=json_only).body
    for path in ("/", "/sign-in", "/projects/vaulted", "/plain.css"):
        yield path, forge.ask("GET", path).body
        yield path, forge.ask("GET", path, headers={}).body


def processes(pid):
    """What `ps` shows of Forge and its children."""
    tree = [pid]
    for parent in tree:
        tree += [
            int(one) for task in Path(f"/proc/{parent}/task").glob("*/children") for one in task.read_text().split()
        ]
    return b"\n".join(Path(f"/proc/{one}/cmdline").read_bytes() for one in tree)


def command(forge, *words):
    done = subprocess.run(
        [sys.executable, "-m", "forge", "--data", str(forge.data), *words],
        cwd=ROOT, env={**forge.environment}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_no_secret_of_any_kind_stands_anywhere_that_it_does_not_belong(house, canaries):
    forge = house.forge
    with forge.live("/api/events?topics=state,deploy:1,deploy:2,deploy:3,metrics") as stream:
        said = go_wrong(house, canaries)
        until(lambda: any(f.type == "deploy_log" for f in stream.frames), "the stream tells of it")
        until(lambda: len(forge.get("/api/notifications/apprise/deliveries")) > 0, "somebody was to be told")
        frames = json.dumps([frame.payload for frame in stream.frames])
    assert canaries.seen(b"\n".join(said)) == []
    assert canaries.seen(frames) == []
    asked = 0
    for path, body in every_answer(forge):
        asked += 1
        assert (path, canaries.seen(body, BY_DESIGN.get(path, frozenset()))) == (path, [])
    assert asked > 40
    assert canaries.seen(forge.ask("GET", "/api/settings/webhook").body) == ["webhook secret"]  # the search can find
    assert canaries.seen(processes(forge.pid)) == []
    for words in (["config", "export"], ["status"], ["doctor"], ["activity"], ["--json", "status"]):
        assert (words, canaries.seen(command(forge, *words))) == (words, [])
    forge.restart()
    for file in sorted(forge.data.rglob("*")):
        if file.is_file() and file.name not in KEPT_FOR_THEIR_OWNER:
            assert (file.name, canaries.seen(file.read_bytes())) == (file.name, [])
    assert canaries.seen(forge.log.read_bytes()) == []


def test_a_crash_tells_no_secret_either(house, canaries):
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
    assert canaries.seen(done.stderr) == []
