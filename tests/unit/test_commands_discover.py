"""What is on this machine already, as typed."""

from __future__ import annotations

import base64
import json

import pytest

from forge.proxies import found
from tests.commanding import Shell
from tests.unit.test_engines_contexts import write


@pytest.fixture
def shell(tmp_path, monkeypatch):
    login = {"auth": base64.b64encode(b"ann:p1anted-s3cret").decode()}
    config = {"auths": {"ghcr.io": login}, "credHelpers": {"far.example": "pass"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(found, "CADDY", "http://127.0.0.1:1")
    monkeypatch.setattr(found, "NPM", "http://127.0.0.1:1")
    made = Shell(tmp_path / "data")
    yield made
    made.close()


def test_what_is_here_is_a_line_each_with_what_to_do(shell):
    shell.world.engine.stranger("old-shop")
    said = shell.run("discover").stdout
    assert said.startswith("✓ engine local: ")
    assert "1 container could be adopted: `forge container list --engine local`" in said
    assert "- login ghcr.io: Docker has one: `forge discover --take-login ghcr.io`" in said
    assert "- login far.example: kept by pass" in said
    assert "p1anted" not in said
    assert set(shell.json("discover")) == {"engines", "contexts", "logins", "proxies"}


def test_a_login_is_taken_over_and_then_told(shell):
    assert shell.run("discover", "--take-login", "ghcr.io").stdout.startswith("The registry ghcr-io has Docker's login")
    assert "✓ login ghcr.io: the registry ghcr-io has one" in shell.run("discover").stdout
    shell.run("discover", "--take-login", "nowhere.example", code=6)


def test_a_context_is_taken_over_and_then_told(shell, tmp_path):
    write(tmp_path, "prod")
    todo = "- context prod at ssh://ann@far.example: `forge discover --take-context prod`"
    assert todo in shell.run("discover").stdout
    assert shell.run("discover", "--take-context", "prod").stdout == "The engine prod is Docker's prod.\n"
    assert "✓ context prod at ssh://ann@far.example: Forge's engine prod" in shell.run("discover").stdout
    shell.run("discover", "--take-context", "prod", code=7)
    shell.run("discover", "--take-context", "nope", code=6)
