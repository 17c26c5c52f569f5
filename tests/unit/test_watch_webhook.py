"""Webhooks: every delivery leaves a receipt."""

import hashlib
import hmac
import json
import threading
import time

import pytest

from forge.domain.errors import Forbidden, Invalid, NotFound, Unavailable
from forge.domain.preferences import UnknownImage
from forge.domain.secret import Secret
from forge.store import database
from forge.watch.asking import ONCE_MORE, PATIENCE
from forge.watch.looks import MOST_WAITING, RETRIES
from forge.watch.webhook import WebhookService
from tests.unit.test_watch_vendors import FIXTURES
from tests.unit.watching import IMAGE, World, held
from tests.world import until

PUSH = json.dumps({"image": f"{IMAGE}:dev-1"}).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.webhook.close()
    made.store.database.close()


def receipts(world):
    """(decision, reason), the oldest first."""
    return [(receipt.decision, receipt.reason) for receipt in world.store.receipts.page(limit=1000)[::-1]]


def delivered(world, body=PUSH, headers=JSON):
    receipt = world.webhook.deliver(headers, body)
    world.webhook.looks.run_due()
    return world.store.receipts.get(receipt.id)


# ---- secrets


def test_the_secret_is_made_once_and_the_old_one_dies_at_once(world):
    first = world.webhook.secret()
    assert world.webhook.secret() == first
    assert len(first.reveal()) >= 43
    assert world.webhook.verify(first.reveal())
    second = world.webhook.regenerate("ann")
    assert not world.webhook.verify(first.reveal())
    assert world.webhook.verify(second.reveal())
    assert not world.webhook.verify("é\udcff")
    assert not world.webhook.verify("")


def test_secrets_are_in_no_event(world):
    secret = world.webhook.regenerate("ann").reveal()
    world.webhook.set_signing_key(Secret("signing-key-1"), "ann")
    told = [event.payload for event in world.events if event.type == "settings_changed"]
    assert told == [{"names": ["webhook_secret"]}, {"names": ["webhook_signing_key"]}]
    assert secret not in str(world.events)


# ---- deliveries


def test_a_delivery_is_answered_before_the_registry_is_asked(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    receipt = world.webhook.deliver(JSON, PUSH)
    assert (receipt.decision, receipt.vendor, receipt.images) == ("looking", "forge", (f"{IMAGE}:dev-1",))
    assert world.registry.calls == []
    world.webhook.looks.run_due()
    settled = world.store.receipts.get(receipt.id)
    assert (settled.decision, settled.reason) == ("deploy", "deploy #1 of shop/dev queued")


def test_twenty_one_equal_deliveries_are_one_look_and_twenty_one_receipts(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    for _ in range(21):
        world.webhook.deliver(JSON, PUSH)
    world.webhook.looks.run_due()
    assert world.registry.count("digest") == 1
    assert receipts(world) == [("deploy", "deploy #1 of shop/dev queued")] * 21
    again = delivered(world)
    world.clock.now += ONCE_MORE[-1]
    world.webhook.looks.run_due()
    assert world.store.receipts.get(again.id).decision == "known"
    assert world.registry.count("digest") == 3


@pytest.mark.parametrize("name", [name for name, given in FIXTURES.items() if given["images"]])
def test_every_vendors_delivery_is_looked_at(world, name):
    world.prefer(unknown_image=UnknownImage.IGNORE)
    receipt = delivered(world, json.dumps(FIXTURES[name]["body"]).encode(), FIXTURES[name]["headers"])
    assert (receipt.vendor, receipt.decision) == (FIXTURES[name]["vendor"], "ignored")
    assert "No project watches" in receipt.reason


def test_a_ping_and_what_names_no_image_are_told_apart(world):
    for name, decision in (("github_ping", "ping"), ("github_untagged", "ignored"), ("harbor_pull", "ignored")):
        receipt = delivered(world, json.dumps(FIXTURES[name]["body"]).encode(), FIXTURES[name]["headers"])
        assert receipt.decision == decision
    assert world.registry.calls == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "not_json"),
        (b"{}", "unknown_delivery"),
        (b'{"image": 1}', "malformed_delivery"),
        (b" " * 300_000, "too_large"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_receipt(world, body, code):
    with pytest.raises(Invalid) as caught:
        world.webhook.deliver(JSON, body)
    assert caught.value.code == code
    assert receipts(world) == [("invalid", caught.value.message)]


def test_only_so_many_receipts_are_kept(world):
    world.prefer(receipts=3)
    for _ in range(5):
        delivered(world)
    assert len(receipts(world)) == 3


def test_too_many_deliveries_are_sent_away_with_a_receipt(world):
    for number in range(MOST_WAITING):
        world.webhook.deliver(JSON, json.dumps({"image": f"{IMAGE}:dev-{number}"}).encode())
    with pytest.raises(Unavailable) as caught:
        world.webhook.deliver(JSON, json.dumps({"image": f"{IMAGE}:one-more"}).encode())
    assert caught.value.retry_after
    assert receipts(world)[-1][0] == "failed"


# ---- signatures


def signed(body, key=b"a key"):
    return {**JSON, "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}


def test_without_the_preference_an_unsigned_delivery_passes_and_a_wrongly_signed_one_does_not(world):
    world.webhook.set_signing_key(Secret("a key"))
    assert delivered(world, headers=signed(PUSH)).signature == "valid"
    assert delivered(world).signature == "none"
    with pytest.raises(Forbidden):
        delivered(world, headers=signed(PUSH, b"another"))
    assert world.store.receipts.page(limit=1)[0].signature == "invalid"


def test_with_the_preference_only_the_signed_pass_and_the_others_leave_a_receipt(world):
    world.prefer(webhook_signature=True)
    for headers in (JSON, signed(PUSH)):
        with pytest.raises(Forbidden) as caught:
            world.webhook.deliver(headers, PUSH)
        assert caught.value.code == "no_signing_key"
    world.webhook.set_signing_key(Secret("a key"))
    for headers in (JSON, signed(PUSH, b"another"), signed(PUSH + b" ")):
        with pytest.raises(Forbidden):
            world.webhook.deliver(headers, PUSH)
    assert [decision for decision, _ in receipts(world)] == ["refused"] * 5
    assert world.webhook.deliver(signed(PUSH), PUSH).signature == "valid"
    world.webhook.set_signing_key(None)
    with pytest.raises(Forbidden):
        world.webhook.deliver(signed(PUSH), PUSH)


# ---- trouble


def test_a_registry_that_is_away_is_asked_again_and_the_receipt_says_so(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    world.registry.down = True
    receipt = delivered(world)
    assert receipt.decision == "looking"
    assert "Forge asks again in 2 s" in receipt.reason
    world.registry.down = False
    world.clock.now += 2
    world.webhook.looks.run_due()
    assert world.store.receipts.get(receipt.id).decision == "deploy"


def test_in_the_end_it_gives_up_and_says_what_to_do(world):
    world.shop()
    world.registry.down = True
    receipt = delivered(world)
    for _ in range(6):
        world.clock.now += 600
        world.webhook.looks.run_due()
    settled = world.store.receipts.get(receipt.id)
    assert settled.decision == "failed"
    assert "replay this one" in settled.reason


def test_what_a_registry_refuses_is_told(world):
    world.shop()
    world.registry.wanted = ("ann", "right")
    receipt = delivered(world)
    assert (receipt.decision, receipt.reason) == ("failed", f"{IMAGE}:dev-1: The registry asks for a login")


def test_nothing_is_lost_across_a_restart(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    receipt = world.webhook.deliver(JSON, PUSH)
    again = WebhookService(world.store, world.service, world.quick)
    again.start()
    try:
        end = time.monotonic() + 5
        while world.store.receipts.get(receipt.id).decision == "looking" and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        again.close()
    assert world.store.receipts.get(receipt.id).decision == "deploy"


def test_a_look_under_way_when_forge_stops_is_done_after_the_next_start(world):
    asking, go_on = threading.Event(), threading.Event()
    world.shop()
    world.registry.push("acme/shop", "dev-1")

    def slow(_):
        asking.set()
        assert go_on.wait(5)

    world.registry.before_answer = slow
    world.webhook.start()
    receipt = world.webhook.deliver(JSON, PUSH)
    assert asking.wait(5)
    world.webhook.looks.close(0)
    world.service.stop()
    go_on.set()
    world.webhook.close()
    assert world.store.receipts.get(receipt.id).decision == "looking"
    assert world.deploys() == []


def test_a_database_that_another_program_holds_ends_no_worker_and_loses_no_receipt(world, monkeypatch, caplog):
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.01)
    world.webhook.looks.threads = 1
    world.webhook.secret()
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    first = world.webhook.deliver(JSON, PUSH)
    with held(world.store.database.path):
        world.webhook.start()
        until(lambda: "could not be written" in caplog.text, "neither the decision nor the wait was written down")
        assert world.store.receipts.get(first.id).reason == "Asking the registry"
    world.clock.now += RETRIES[0] + 600
    second = world.webhook.deliver(JSON, PUSH)
    until(lambda: "looking" not in dict(receipts(world)), "the worker went on")
    assert [world.store.receipts.get(each.id).decision for each in (first, second)] == ["deploy", "deploy"]


# ---- replay


def test_a_receipt_can_be_replayed_and_is_settled_when_it_comes_back(world):
    first = delivered(
        world, json.dumps(FIXTURES["github_package"]["body"]).encode(), FIXTURES["github_package"]["headers"]
    )
    assert "has no tag" in first.reason or first.decision == "failed"
    world.project("shop", "ghcr.io/acmeorg/shop")
    world.stage()
    world.others["ghcr.io"].push("acmeorg/shop", "dev-1")
    again = world.webhook.replay(first.id, "ann")
    assert (again.replay_of, again.vendor, again.decision) == (first.id, "github", "deploy")
    assert world.webhook.replay(again.id, "ann").decision == "known"
    with pytest.raises(NotFound):
        world.webhook.replay(99, "ann")


def test_replaying_while_the_registry_is_away_says_so(world):
    world.shop()
    first = world.webhook.deliver(JSON, PUSH)
    world.registry.down = True
    again = world.webhook.replay(first.id, "ann")
    assert again.decision == "failed"
    assert "refuses the connection" in again.reason


def test_replaying_what_nobody_can_read_leaves_a_receipt_too(world):
    with pytest.raises(Invalid):
        world.webhook.deliver(JSON, b"{}")
    with pytest.raises(Invalid):
        world.webhook.replay(1, "ann")
    assert [decision for decision, _ in receipts(world)] == ["invalid", "invalid"]
    assert "Replayed by ann" in receipts(world)[1][1]


def test_deliveries_from_many_threads_make_one_project_and_one_deploy(world):
    world.prefer(unknown_image=UnknownImage.DEPLOY)
    world.registry.push("acme/shop", "dev-1")
    all_are_here = threading.Event()
    world.registry.before_answer = lambda _: all_are_here.wait(10)
    world.webhook.start()
    threads = [threading.Thread(target=world.webhook.deliver, args=(JSON, PUSH)) for _ in range(21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    all_are_here.set()
    end = time.monotonic() + 10
    while any(reason == "Asking the registry" for _, reason in receipts(world)) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(world.store.projects.all()) == 1
    assert len(world.store.deploys.page()) == 1
    world.clock.now += ONCE_MORE[-1]
    world.webhook.looks.run_due()
    until(lambda: "looking" not in dict(receipts(world)), "those that found nothing new are settled too")
    assert {decision for decision, _ in receipts(world)} <= {"deploy", "known"}
    # to inspect it, for the first look, for those that came meanwhile, and for those once more
    assert world.registry.count("digest") <= 4


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_neither_holds_up_a_look_nor_hurries_it(world, years):
    """The service waits by a clock of its own; the database's is the machine's."""
    world.shop()
    wall = [0.0]
    world.store.database.clock = lambda: world.clock.now + wall[0]
    receipt = delivered(world)
    assert receipt.decision == "looking"
    wall[0] = years * 365 * 86400.0
    world.clock.now += PATIENCE[0]
    world.registry.push("acme/shop", "dev-1")
    world.webhook.looks.run_due()
    assert world.store.receipts.get(receipt.id).decision == "deploy"
