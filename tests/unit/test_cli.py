"""The command line as a whole: help, exit codes, errors as sentences, a quick start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from forge import __version__
from forge.cli import _COMMANDS, cli, exit_code
from forge.commands.client import NotRunning, Refused
from forge.commands.state import EXITS
from forge.domain.errors import Conflict, Forbidden, ForgeError, Invalid, NotFound, Unauthorized
from tests.commanding import (
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_is_there_and_says_what_it_is_for(name):
    said = run(name, "--help").stdout
    assert said.startswith(f"Usage: forge {name}")
    assert cli.get_command(None, name).name == name


def test_help_lists_every_command_and_every_exit_code():
    said = run("--help").stdout
    assert all(f"  {name} " in said for name in _COMMANDS)
    assert all(f"  {code}  " in said for code in EXITS)


def test_an_unknown_command_is_told():
    assert "No such command 'deplyo'" in run("deplyo", code=2).stderr


def test_the_version_is_said_without_loading_forge():
    code = "import sys; from forge.cli import cli; cli(['--version'], standalone_mode=False); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"forge {__version__} (from source)\n")
    heavy = {"requests", "rich", "docker", "flask", "cryptography", "yaml", "forge.compose", "forge.settings"}
    assert not heavy & set(said.split())


def test_without_a_forge_every_command_says_so_and_ends_with_three(tmp_path):
    result = run("--data", str(tmp_path), "status", code=3)
    assert result.stderr == f"Forge does not run on {tmp_path}: start it with `forge serve`.\n"
    said = json.loads(run("--data", str(tmp_path), "--json", "status", code=3).stderr)
    assert said["error"]["code"] == "not_running"


def test_a_wrong_token_is_not_allowed(shell):
    assert "Sign in" in run("--url", shell.server.url, "--token", "wrong", "status", code=5).stderr
    right = shell.world.forge.token.reveal()
    assert run("status", FORGE_URL=shell.server.url, FORGE_TOKEN=right).exit_code == 0


def test_a_field_at_fault_is_named_beneath_the_sentence(shell):
    said = shell.run("project", "create", "Shop", "registry.example/shop", "port=80", code=2).stderr
    assert said.splitlines()[1].startswith("  name: ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotRunning("x"), 3),
        (Invalid("x"), 2),
        (Unauthorized("x"), 5),
        (Forbidden("x"), 5),
        (NotFound("x"), 6),
        (Conflict("x"), 7),
        (ForgeError("x"), 1),
        (Refused(422, "x", code="", fields={}), 2),
        (Refused(403, "x", code="", fields={}), 5),
        (Refused(404, "x", code="", fields={}), 6),
        (Refused(409, "x", code="", fields={}), 7),
        (Refused(503, "x", code="", fields={}), 8),
        (Refused(500, "x", code="", fields={}), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error, code):
    assert exit_code(error) == code


# Every operation of the API, and the command for it. Add the command with the operation.
COMMANDS = {
    "GET /api/activity": "activity",
    "POST /api/backup": "backup",
    "GET /api/backups": "backup list",
    "POST /api/backups": "backup now",
    "GET /api/backups/{name}": "backup get",
    "DELETE /api/backups/{name}": "backup delete",
    "PUT /api/backups/passphrase": "backup passphrase",
    "GET /api/config": "config export",
    "POST /api/config": "config import",
    "POST /api/deploy": "deploy",
    "GET /api/deploys": "deploys",
    "GET /api/deploys/{deploy}": "deploys",
    "POST /api/deploys/{deploy}/cancel": "cancel",
    "GET /api/deploys/{deploy}/logs": "logs",
    "POST /api/deploys/{deploy}/retry": "retry",
    "GET /api/events": "activity",
    "GET /api/health": "status",
    "POST /api/images/inspect": "inspect",
    "DELETE /api/instances/{instance}": "instance remove",
    "GET /api/instances/{instance}": "instance show",
    "GET /api/instances/{instance}/logs": "logs",
    "POST /api/instances/{instance}/restart": "instance restart",
    "POST /api/instances/{instance}/start": "instance start",
    "POST /api/instances/{instance}/stop": "instance stop",
    "GET /api/applying-notifications": "notification list",
    "GET /api/notifications": "notification list",
    "POST /api/notifications": "notification add",
    "DELETE /api/notifications/{name}": "notification remove",
    "GET /api/notifications/{name}": "notification show",
    "PUT /api/notifications/{name}": "notification set",
    "POST /api/notifications/{name}/test": "notification test",
    "GET /api/notifications/{name}/deliveries": "notification deliveries",
    "POST /api/notifications/{name}/deliveries/{delivery}/retry": "notification retry",
    "GET /api/openapi.json": "openapi",
    "GET /api/polling": "registry polling",
    "GET /api/projects": "project list",
    "POST /api/projects": "project create",
    "DELETE /api/projects/{project}": "project delete",
    "GET /api/projects/{project}": "project show",
    "PUT /api/projects/{project}": "project set",
    "POST /api/projects/{project}/approve": "approve",
    "GET /api/projects/{project}/deletion": "project delete",
    "POST /api/projects/{project}/stages": "stage create",
    "DELETE /api/projects/{project}/stages/{stage}": "stage delete",
    "GET /api/projects/{project}/stages/{stage}": "stage show",
    "PUT /api/projects/{project}/stages/{stage}": "stage set",
    "GET /api/projects/{project}/stages/{stage}/deletion": "stage delete",
    "POST /api/projects/{project}/stages/{stage}/deploys": "deploy",
    "POST /api/projects/{project}/stages/{stage}/explain": "explain",
    "GET /api/projects/{project}/stages/{stage}/instances": "logs",
    "POST /api/projects/{project}/stages/{stage}/promote": "promote",
    "POST /api/projects/{project}/stages/{stage}/rollback": "rollback",
    "POST /api/registries/{name}/poll": "registry poll",
    "GET /api/registries/{name}/tags": "registry tags",
    "GET /api/metrics": "stats",
    "GET /api/metrics/now": "stats",
    "GET /api/discovery": "discover",
    "GET /api/discovery/contexts": "discover",
    "POST /api/discovery/context": "discover",
    "POST /api/discovery/login": "discover",
    "GET /api/engines/{name}/containers": "container list",
    "GET /api/engines/{name}/containers/{id}": "container show",
    "POST /api/engines/{name}/containers/{id}/adopt": "container adopt",
    "POST /api/engines/{name}/containers/{id}/stop": "container stop",
    "GET /api/projects/{project}/tags": "project tags",
    "GET /api/projects/{project}/promotion": "promotion",
    "GET /api/projects/{project}/starts": "project starts",
    "GET /api/projects/{project}/unapplied": "project unapplied",
    "POST /api/patterns/match": "project tags",
    "GET /api/session": "doctor",
    "GET /api/people": "people list",
    "POST /api/people": "people add",
    "GET /api/people/{name}": "people show",
    "PUT /api/people/{name}": "people change",
    "DELETE /api/people/{name}": "people remove",
    "PUT /api/people/{name}/password": "people password",
    "DELETE /api/people/{name}/totp": "people no-codes",
    "GET /api/sessions": "sessions list",
    "DELETE /api/sessions": "sessions end",
    "DELETE /api/sessions/{id}": "sessions end",
    "GET /api/tokens": "token list",
    "POST /api/tokens": "token add",
    "DELETE /api/tokens/{id}": "token remove",
    "GET /api/oidc": "oidc show",
    "PUT /api/oidc": "oidc set",
    "DELETE /api/oidc": "oidc remove",
    "POST /api/oidc/test": "oidc test",
    "POST /api/session/ticket": "open",
    "GET /api/settings": "settings get",
    "PUT /api/settings": "settings set",
    "GET /api/settings/webhook": "webhook show",
    "POST /api/settings/webhook/regenerate": "webhook regenerate",
    "PUT /api/settings/webhook/signing-key": "webhook signing-key",
    "GET /api/sightings": "sightings",
    "POST /api/sightings/{sighting}/approve": "approve",
    "POST /api/sightings/{sighting}/dismiss": "dismiss",
    "GET /api/webhook/receipts": "webhook receipts",
    "GET /api/webhook/receipts/{receipt}": "webhook receipt",
    "POST /api/webhook/receipts/{receipt}/replay": "webhook replay",
} | {
    f"{method} /api/{path}{more}": f"{word} {verb}"
    for word, path in (("registry", "registries"), ("proxy", "proxies"), ("engine", "engines"))
    for method, more, verb in (
        ("GET", "", "list"), ("POST", "", "add"), ("GET", "/{name}", "show"), ("PUT", "/{name}", "set"),
        ("DELETE", "/{name}", "remove"), ("POST", "/{name}/test", "test"),
    )
}  # fmt: skip
NOT_FOR_PEOPLE_WHO_TYPE = {
    "GET /api/deploys/{deploy}/log.txt": "a browser's download: `forge logs` in a pipe is the same",
    "GET /api/instances/{instance}/log.txt": "the same",
    "POST /api/session": "a browser gets its cookie: the command line sends the launch token",
    "DELETE /api/session": "a browser gives its cookie back",
    "GET /api/sign-in": "the page asks what to ask for",
    "POST /api/setup": "the page of the setup link: `forge people add` is the same",
    "GET /api/me": "the command line is the machine's owner, who has no account",
    "PUT /api/me/password": "the same: `forge people password`",
    "POST /api/me/totp": "the same",
    "POST /api/me/totp/confirm": "the same",
    "POST /api/me/totp/remove": "the same: `forge people no-codes`",
    "POST /api/webhook/{secret}": "registries deliver there",
    "POST /api/oidc/logout": "the provider says there who was signed out: `forge sessions end` is the same",
}


def test_what_the_api_can_do_the_command_line_can(shell):
    paths = shell.json("openapi")["paths"]
    operations = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert operations == COMMANDS.keys() | NOT_FOR_PEOPLE_WHO_TYPE.keys()


@pytest.mark.parametrize("command", sorted(set(COMMANDS.values())))
def test_each_of_these_commands_is_there(command):
    assert run(*command.split(), "--help").stdout.startswith(f"Usage: forge {command} ")


AT_WORK = """
import atexit, ssl, sys, threading, time
from forge.cli import main

def look_at_a_registry():
    while True:
        ssl.create_default_context()

atexit.register(print, "ended as usual", flush=True)
for _ in range(int(sys.argv.pop())):
    threading.Thread(target=look_at_a_registry, daemon=True).start()
time.sleep(0.1)
main()
"""


@pytest.mark.parametrize(("threads", "words", "code"), [(4, "--version", 0), (4, "deplyo", 2), (0, "--version", 0)])
def test_a_thread_that_is_at_work_does_not_crash_the_end(threads, words, code):
    run_it = [sys.executable, "-c", AT_WORK, words, str(threads)]
    for _ in range(3):  # without care one in three dies of SIGSEGV
        ran = subprocess.run(run_it, capture_output=True, text=True, timeout=60, check=False)
        said = ran.stdout + ran.stderr
        assert ran.returncode == code, said
        assert ("forge 0" if code == 0 else "No such command") in said
        assert ("ended as usual" in said) == (threads == 0)
