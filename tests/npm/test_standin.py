"""The stand-in answers what Nginx Proxy Manager was recorded to answer, release by release."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from forge.domain.secret import Secret
from forge.http import Bearer, Session
from tests.npm.releases import CRASHING, RECORDED
from tests.npm.server import Npm

RECORDINGS = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
# another time, another address of a picture, and what only NPM's own pages read
VOLATILE = {"created_on", "modified_on", "expires", "expires_on", "expiredAt", "owner", "avatar", "permissions",
            "use_default_location", "ipv6", "token", "is_deleted", "debug"}  # fmt: skip
IN_LISTS = {"id", "access_list_id", "meta"}  # of an access list's items and clients


@pytest.fixture
def session():
    session = Session()
    yield session
    session.close()


def start(release):
    return Npm(release)


def steady(value: Any, *, inside: str = "") -> Any:
    """Without what differs from one run to the next."""
    if isinstance(value, dict):
        dropped = VOLATILE | (IN_LISTS if inside in {"items", "clients"} else set())
        return {key: steady(one, inside=key) for key, one in value.items() if key not in dropped}
    if isinstance(value, list):
        return [steady(one, inside=inside) for one in value]
    return value.replace(".conf:36", ".conf:37") if isinstance(value, str) else value


@pytest.mark.parametrize("release", RECORDED, ids=str)
def test_it_answers_every_recorded_request_as_npm_did(release, session):
    npm = start(release)
    npm.troubles.certbot = True  # as where it was recorded, without any authority to ask
    tokens: dict[str, str] = {}
    wrong = []
    for name, method, path, body, authorization, status, answer in RECORDINGS[str(release)]:
        if name.startswith("viewer_"):
            tokens["viewer"] = tokens.get("viewer") or npm.rows.give_token(npm.rows.user(2))["token"]
        token = tokens.get("viewer") if name.startswith("viewer_") else tokens.get("admin", "")
        if name == "expired_token_list":
            tokens["late"] = npm.rows.give_token(npm.rows.user(1), -1)["token"]
        if name.startswith(("expired_", "invalid_")):
            token = tokens["late"] if name.startswith("expired_") else "garbage"
        raw = body.encode() if isinstance(body, str) else None
        reply = session.request(
            method, npm.url + path, json=None if raw else body, body=raw,
            auth=Bearer(token=Secret(token)) if authorization else None,
        )  # fmt: skip
        said = reply.json()
        if name == "login_ok":
            tokens["admin"] = said["token"]
        if name.startswith("create_") and reply.status == 201 and said["id"] > 2 and "bad" not in name:
            del npm.rows.hosts[said["id"]]  # so did who recorded, beside the recording
        if name == "get_bad_advanced_config":
            del npm.rows.hosts[said["id"]]
        if (reply.status, steady(said)) != (status, steady(answer)):
            wrong.append(f"{name}: {reply.status} {steady(said)}\n   npm: {status} {steady(answer)}")
    npm.close()
    assert len(RECORDINGS[str(release)]) > 60
    assert wrong == []


def test_a_post_that_is_not_allowed_ends_the_backend_of_2_13_0_for_a_moment(session):
    npm = start(CRASHING)
    npm.rows.add_user("view@example.com", "secret", name="V", nickname="V", roles=[]).permissions["proxy_hosts"] = (
        "view"
    )
    bearer = Bearer(token=Secret(npm.rows.give_token(npm.rows.user(1))["token"]))
    body = {"domain_names": ["a.test"], "forward_scheme": "http", "forward_host": "h", "forward_port": 1}
    reply = session.request("POST", f"{npm.url}/api/nginx/proxy-hosts", json=body, auth=bearer)
    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert session.request("GET", f"{npm.url}/api/").status == 502
    end = time.monotonic() + 10
    while session.request("GET", f"{npm.url}/api/").status != 200:
        assert time.monotonic() < end
        time.sleep(0.02)
    npm.close()


def test_it_knows_nothing_of_forge():
    for file in Path(__file__).parent.glob("*.py"):
        text = file.read_text("utf-8")
        if file.name != Path(__file__).name:
            assert "from forge" not in text
            assert "x-forge" not in text.lower()
