"""What is on this machine, over HTTP."""

from __future__ import annotations

import base64
import json

import pytest

from forge.domain.person import Principal, Role
from forge.proxies import found
from tests.api_world import a_world
from tests.unit.test_engines_contexts import write


@pytest.fixture
def world(tmp_path, monkeypatch):
    login = {"auth": base64.b64encode(b"ann:p1anted-s3cret").decode()}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"ghcr.io": login}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(found, "CADDY", "http://127.0.0.1:1")
    monkeypatch.setattr(found, "NPM", "http://127.0.0.1:1")
    with a_world(tmp_path / "data") as made:
        yield made


def test_what_is_here_is_told_without_a_secret(world):
    answer = world.ask("GET", "/api/discovery")
    assert answer.status_code == 200
    assert answer.json["engines"][0]["ok"] is True
    assert [(one["host"], one["usable"]) for one in answer.json["logins"]] == [("ghcr.io", True)]
    assert answer.json["proxies"] == []
    assert "p1anted" not in answer.text


def test_a_login_is_taken_over_once(world):
    taken = world.ask("POST", "/api/discovery/login", {"host": "ghcr.io"})
    assert (taken.status_code, taken.json) == (201, {"registry": "ghcr-io"})
    assert world.ask("GET", "/api/registries/ghcr-io").json["has_password"] is True
    assert world.ask("POST", "/api/discovery/login", {"host": "ghcr.io"}).json["code"] == "has_login"
    assert world.ask("POST", "/api/discovery/login", {"host": "nowhere.example"}).status_code == 404


def test_a_context_is_taken_over_once(world, tmp_path):
    write(tmp_path, "prod")
    (found,) = world.ask("GET", "/api/discovery/contexts").json
    assert (found["name"], found["url"], found["engine"]) == ("prod", "ssh://ann@far.example", None)
    taken = world.ask("POST", "/api/discovery/context", {"context": "prod"})
    assert (taken.status_code, taken.json) == (201, {"engine": "prod"})
    assert world.ask("GET", "/api/discovery/contexts").json[0]["engine"] == "prod"
    assert world.ask("POST", "/api/discovery/context", {"context": "prod"}).status_code == 409
    assert world.ask("POST", "/api/discovery/context", {"context": "nope"}).status_code == 404


def test_the_machine_is_only_for_admins(world):
    client = world.browser(Principal(name="dan", role=Role.DEPLOYER))
    assert client.get("/api/discovery").status_code == 403
    assert client.get("/api/discovery/contexts").status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/discovery/login", json={"host": "ghcr.io"}, headers=own).status_code == 403
