"""A deploy fails while those who shall hear of it are away, and Forge is killed: each is told once, by both ways."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from contextlib import ExitStack

import pytest

from tests.canaries.kinds import canary
from tests.e2e.conftest import HTTP
from tests.e2e.live import until
from tests.parts import images
from tests.small_server import SmallServer, Told

pytestmark = pytest.mark.real
KEY, TOKEN = canary(), canary()


def free_port() -> int:
    """A port where nobody answers yet."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def tell(house, name: str, **more) -> None:
    body = {"name": name, "occasions": ["deploy_failed"], "local": True, "project": "notified", **more}
    house.forge.do("POST", "/api/notifications", body)


def last(house, name: str):
    return house.forge.get(f"/api/notifications/{name}")["last"]


def test_a_failed_deploy_is_told_by_both_ways_though_they_were_away_and_forge_was_killed(house):
    hook, chat = free_port(), free_port()
    house.settings(public_url="https://forge.example.org")
    house.project("notified", health={**HTTP, "timeout": 3})
    tell(house, "hook", kind="webhook", address=f"http://127.0.0.1:{hook}/{TOKEN}", key=KEY)
    tell(house, "chat", kind="apprise", address=f"json://user:{TOKEN}@127.0.0.1:{chat}/room")
    tell(house, "elsewhere", kind="webhook", address=f"http://127.0.0.1:{hook}/other", key=KEY, project=None)
    images.push(house.registry, "notified", "dev-1", kind="unhealthy")
    assert house.forge.deploy("notified/dev", "dev-1")["status"] == "failed"
    until(lambda: all((last(house, name) or {}).get("answer") for name in ("hook", "chat")), "both were tried")
    assert {last(house, name)["status"] for name in ("hook", "chat")} == {"waiting"}
    assert "refuses the connection" in last(house, "hook")["answer"]

    house.forge.kill()
    with ExitStack() as open_now:
        receivers = [open_now.enter_context(SmallServer(lambda _: Told(200), port)) for port in (hook, chat)]
        house.forge.start()
        until(lambda: all(last(house, name)["status"] == "sent" for name in ("hook", "chat")), "both arrived", 90)
    (signed,), (plain,) = (receiver.asked for receiver in receivers)

    expected = hmac.new(KEY.encode(), signed.body, hashlib.sha256).hexdigest()
    assert signed.headers["x-hub-signature-256"] == f"sha256={expected}"
    body = json.loads(signed.body)
    assert (body["title"], body["event"]) == ("notified/dev: dev-1 failed and was taken back", "deploy_failed")
    assert body["url"] == f"https://forge.example.org/deploys/{body['deploy']['id']}"
    assert body["delivery"] == signed.headers["x-forge-delivery"]
    assert "did not become healthy within 3 s" in json.loads(plain.body)["message"]
    assert last(house, "hook")["attempts"] > 1
    assert house.forge.get("/api/notifications/elsewhere/deliveries") == []
    for path in ("/api/notifications", "/api/notifications/hook/deliveries", "/api/activity"):
        house.forge.get(path)  # none of them tells an address or a key: its watch finds them
