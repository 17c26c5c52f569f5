"""Deliveries over HTTP, their receipts, and the secret in the address."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from forge.api.tickets import WRONG_PER_MINUTE
from tests.api_world import world_fixture  # noqa: F401

DELIVERY = {"image": "127.0.0.1:5000/org/shop:dev-1"}


@pytest.fixture
def address(world):
    return world.ask("GET", "/api/settings/webhook").json["path"]


def test_a_delivery_is_taken_from_anybody_who_knows_the_address(world, address):
    answer = world.nobody.post(address, json=DELIVERY)
    assert (answer.status_code, answer.json["decision"]) == (202, "looking")
    receipts = world.ask("GET", "/api/webhook/receipts").json
    assert [receipt["id"] for receipt in receipts] == [answer.json["receipt"]]
    whole = world.ask("GET", f"/api/webhook/receipts/{receipts[0]['id']}").json
    assert whole.pop("body") == '{"image":"127.0.0.1:5000/org/shop:dev-1"}'
    assert whole.pop("headers")["content-type"] == "application/json"
    assert whole == receipts[0]


def test_deliveries_that_name_nothing_can_be_left_out(world, address):
    world.nobody.post(address, json={"events": [{"action": "pull", "target": {"repository": "org/shop"}}]})
    assert [receipt["decision"] for receipt in world.ask("GET", "/api/webhook/receipts").json] == ["ignored"]
    assert world.ask("GET", "/api/webhook/receipts?idle=false").json == []


@pytest.mark.parametrize("sent", ["Bearer the-registrys-own", "Basic cm9ib3Q6c2VjcmV0"])
def test_a_login_that_a_registry_sends_along_is_no_obstacle_however_often(world, address, sent):
    for _ in range(WRONG_PER_MINUTE + 5):
        assert world.nobody.post(address, json=DELIVERY, headers={"Authorization": sent}).status_code == 202
    assert world.ask("GET", "/api/projects").status_code == 200


def test_too_many_wrong_tokens_elsewhere_hold_up_no_delivery(world, address):
    wrong = {"Authorization": "Bearer wrong"}
    statuses = {world.nobody.get("/api/projects", headers=wrong).status_code for _ in range(WRONG_PER_MINUTE + 1)}
    assert statuses == {401, 429}
    assert world.nobody.post(address, json=DELIVERY, headers=wrong).status_code == 202
    assert world.nobody.post(address, json=DELIVERY).status_code == 202


def test_a_wrong_secret_is_an_address_that_leads_nowhere(world, address):
    wrong = world.nobody.post("/api/webhook/wrong", json=DELIVERY)
    nowhere = world.nobody.post("/api/nowhere/wrong", json=DELIVERY)
    huge = world.nobody.post("/api/webhook/wrong", data=b"x" * 300_000)
    assert wrong.status_code == huge.status_code == 404
    assert wrong.data == nowhere.data == huge.data
    assert dict(wrong.headers) == dict(nowhere.headers)
    assert world.ask("GET", "/api/webhook/receipts").json == []


def test_a_new_secret_ends_the_old_one_at_once(world, address):
    made = world.ask("POST", "/api/settings/webhook/regenerate").json
    assert made["path"] != address
    assert made["url"] == f"http://localhost{made['path']}"
    assert world.nobody.post(address, json=DELIVERY).status_code == 404
    assert world.nobody.post(made["path"], json=DELIVERY).status_code == 202


def test_what_nobody_understands_is_refused_with_a_receipt(world, address):
    assert world.nobody.post(address, json={"what": "ever"}).status_code == 422
    for size in (257 << 10, 3 << 20):
        assert world.nobody.post(address, data=b"x" * size).status_code == 413
        assert "at most 256 KiB" in world.ask("GET", "/api/webhook/receipts").json[0]["reason"]
    assert len(world.ask("GET", "/api/webhook/receipts").json) == 3


def test_signed_deliveries_only_where_the_settings_say_so(world, address):
    assert world.ask("GET", "/api/settings/webhook").json["has_signing_key"] is False
    assert world.ask("PUT", "/api/settings/webhook/signing-key", {"signing_key": "p1anted-key"}).status_code == 204
    assert world.ask("GET", "/api/settings/webhook").json["has_signing_key"] is True
    world.ask("PUT", "/api/settings", {"webhook_signature": True})
    assert world.nobody.post(address, json=DELIVERY).status_code == 403
    body = b'{"image": "127.0.0.1:5000/org/shop:dev-1"}'
    signature = "sha256=" + hmac.new(b"p1anted-key", body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    assert world.nobody.post(address, data=body, headers=headers).status_code == 202
    assert world.ask("PUT", "/api/settings/webhook/signing-key", {"signing_key": None}).status_code == 204
    assert world.ask("GET", "/api/settings/webhook").json["has_signing_key"] is False


def test_a_receipt_is_replayed(world, address):
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    first = world.nobody.post(address, json=DELIVERY).json["receipt"]
    again = world.ask("POST", f"/api/webhook/receipts/{first}/replay")
    assert (again.status_code, again.json["replay_of"], again.json["decision"]) == (201, first, "deploy")
    assert again.headers["Location"] == f"/api/webhook/receipts/{again.json['id']}"
    assert [deploy["tag"] for deploy in world.ask("GET", "/api/deploys").json] == ["dev-1"]
    assert world.ask("POST", "/api/webhook/receipts/99/replay").status_code == 404


NASTY = 'x"}, {"decision": "deploy", "a": "\\" \u2028 </script>\r\n{{7*7}}'
NASTY_HEADERS = {
    "User-Agent": 'a"b\\"}],"decision":"deploy","x":{"',
    "X-GitHub-Event": '"}{"decision":"deploy"}',
    "Content-Type": 'application/json; x="\\"}{"',
}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"image": NASTY}, 422),
        ({"image": "127.0.0.1:5000/org/shop:dev-1", NASTY: NASTY}, 202),
        ({"events": [{"action": NASTY, "target": {"repository": NASTY, "tag": NASTY, "digest": NASTY}}]}, 202),
        (
            {"events": [{"action": "push", "target": {"repository": NASTY, "tag": NASTY}, "request": {"host": "h"}}]},
            422,
        ),
        ({"push_data": {"tag": NASTY}, "repository": {"repo_name": "org/shop"}}, 422),
        ({"type": NASTY, "event_data": {"resources": []}}, 202),
        ({"docker_url": NASTY, "updated_tags": [NASTY]}, 422),
        ({NASTY: NASTY}, 422),
    ],
)
@pytest.mark.parametrize(
    "headers", [{}, {**NASTY_HEADERS, "X-Gitea-Event": NASTY_HEADERS["User-Agent"]}, NASTY_HEADERS]
)
def test_nothing_that_a_delivery_says_can_write_into_the_reply_or_the_receipt(world, address, body, status, headers):
    sent = json.dumps(body)
    answer = world.nobody.post(address, data=sent, headers={"Content-Type": "application/json", **headers})
    if not headers:
        assert answer.status_code == status
    reply = json.loads(answer.text)
    if answer.status_code == 202:
        assert reply.keys() == {"receipt", "decision", "reason"}
    else:
        assert (answer.status_code, reply["status"]) == (422, 422)
        assert reply.keys() <= {"type", "title", "status", "code", "detail", "fields", "id"}
    (listed,) = json.loads(world.ask("GET", "/api/webhook/receipts").text)
    kept = json.loads(world.ask("GET", f"/api/webhook/receipts/{listed['id']}").text)
    assert kept.items() >= listed.items()
    assert kept["decision"] == reply.get("decision", "invalid")
    assert json.loads(kept["body"]) == body
    assert (
        kept["headers"].items()
        >= {name.lower(): value for name, value in headers.items() if name != "Content-Type"}.items()
    )
    assert kept["images"] in ([], ["127.0.0.1:5000/org/shop:dev-1"])
