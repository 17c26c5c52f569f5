"""Docker's own configuration file: read, never trusted, never shown."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from forge.registries.docker_logins import DockerLogins, FoundLogin


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def logins(folder: Path, content: Any) -> DockerLogins:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "config.json").write_text(text)
    return DockerLogins(folder)


def test_a_login_in_the_file_is_found_and_can_be_had(tmp_path):
    found = logins(tmp_path, {"auths": {"https://ghcr.io": auth("ann:pw:with:colons")}})
    assert found.all() == (FoundLogin(host="ghcr.io", usable=True),)
    login = found.login("ghcr.io")
    assert login
    assert (login.username, login.password.reveal()) == ("ann", "pw:with:colons")
    assert "pw:with" not in repr(found.all()) + repr(login)


def test_docker_hub_has_one_name(tmp_path):
    found = logins(tmp_path, {"auths": {"https://index.docker.io/v1/": auth("ann:pw")}})
    assert [one.host for one in found.all()] == ["docker.io"]
    assert found.login("docker.io")


def test_what_a_helper_keeps_is_told_by_the_helpers_name(tmp_path):
    found = logins(
        tmp_path,
        {
            "auths": {"ghcr.io": {}, "r.example:5000": auth("ann:pw")},
            "credsStore": "desktop",
            "credHelpers": {"eu.gcr.io": "gcloud"},
        },
    )
    assert found.all() == (
        FoundLogin(host="eu.gcr.io", helper="gcloud"),
        FoundLogin(host="ghcr.io", helper="desktop"),
        FoundLogin(host="r.example:5000", usable=True),
    )
    assert found.login("ghcr.io") is None


def test_name_and_password_may_stand_apart(tmp_path):
    found = logins(tmp_path, {"auths": {"ghcr.io": {"username": "ann", "password": "pw"}}})
    assert found.login("ghcr.io")


def test_an_identity_token_is_found_but_of_no_use(tmp_path):
    found = logins(tmp_path, {"auths": {"acr.example": {**auth("ann:"), "identitytoken": "x"}}})
    assert found.all() == (FoundLogin(host="acr.example"),)
    assert found.login("acr.example") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "[" * 100_000,
        {"auths": []},
        {"auths": {"ghcr.io": 3}},
        {"auths": {"": auth("a:b"), "a b": auth("a:b"), "../x": auth("a:b"), "plainword": auth("a:b")}},
        {"auths": {"ghcr.io": {"auth": "%%%"}}},
        {"auths": {"ghcr.io": {"auth": base64.b64encode(b"\xff\xfe:x").decode()}}},
        {"auths": {"ghcr.io": auth("a\nb:pw")}},
        {"auths": {"ghcr.io": auth("no colon")}},
        {"credHelpers": {"ghcr.io": None}, "credsStore": 3},
    ],
)
def test_what_is_not_as_docker_writes_it_is_passed_over(tmp_path, content):
    found = logins(tmp_path, content)
    assert not any(one.usable for one in found.all())
    assert found.login("ghcr.io") is None


def test_a_file_that_is_not_there_is_no_error(tmp_path):
    assert DockerLogins(tmp_path / "nowhere").all() == DockerLogins(None).all() == ()


def test_a_very_long_file_is_not_read_whole(tmp_path):
    many = {f"r{number}.example": auth("a:b") for number in range(200)}
    assert len(logins(tmp_path, {"auths": many}).all()) == 100
    assert logins(tmp_path, json.dumps({"auths": many}) + " " * (2 << 20)).all() != ()
