"""A registry that tells of a push before its tag can be read is asked again, with patience and not for ever."""

import itertools
import json
import random

import pytest

from forge.watch.asking import ONCE_MORE, PATIENCE
from forge.watch.webhook import WebhookService
from tests.unit.test_watch_vendors import FIXTURES
from tests.unit.watching import HOST, IMAGE, World
from tests.world import until

PUSH = json.dumps({"image": f"{IMAGE}:dev-1"}).encode()
JSON = {"Content-Type": "application/json"}
OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.webhook.close()
    made.store.database.close()


def told(world):
    """What was decided by the receipts."""
    return {receipt.decision for receipt in world.store.receipts.page(limit=5000)}


def delivered(world):
    receipt = world.webhook.deliver(JSON, PUSH)
    world.webhook.looks.run_due()
    return world.store.receipts.get(receipt.id)


def settled(world, receipt):
    """The receipt when nobody asks any more, with all the patience that there is."""
    for step in (0, *PATIENCE):
        world.clock.now = max(world.clock.now, receipt.at + step)
        world.webhook.looks.run_due()
    return world.store.receipts.get(receipt.id)


def notified(world, *digests, tag="dev-1"):
    """Deliveries of a Distribution registry, one for each digest; their receipts."""
    event = FIXTURES["distribution_push"]["body"]["events"][1]
    found = []
    for digest in digests:
        target = {**event["target"], "tag": tag, "digest": digest, "url": ""}
        body = {"events": [{**event, "target": target, "request": {"host": HOST}}]}
        found.append(world.webhook.deliver(FIXTURES["distribution_push"]["headers"], json.dumps(body).encode()))
    return found


def show_late(world, digest, heads, tag="dev-1"):
    """The registry writes the tag's link only when it has been asked for it `heads` times."""
    asked = itertools.count()

    def before(call):
        if call[0] == "digest" and next(asked) == heads:
            world.registry.push("acme/shop", tag, digest)

    world.registry.before_answer = before


@pytest.mark.parametrize("heads", range(1, len(PATIENCE) + 1))
@pytest.mark.parametrize("before", [None, OLD])
def test_a_tag_that_comes_late_is_found_and_the_receipt_says_meanwhile_that_forge_asks_again(world, heads, before):
    world.shop()
    if before:
        world.registry.push("acme/shop", "dev-1", before)
        delivered(world)
    show_late(world, NEW, heads)
    (receipt,) = notified(world, NEW)
    world.webhook.looks.run_due()
    waits = world.store.receipts.get(receipt.id)
    assert (waits.decision, waits.reason.endswith("Forge asks again for some seconds.")) == ("looking", True)
    left = settled(world, receipt)
    assert (left.decision, world.deploys()[-1].digest) == ("deploy", NEW)
    assert "announced" not in left.reason


def test_a_registry_that_is_in_time_is_asked_once(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1", NEW)
    receipts = notified(world, NEW, NEW)
    assert {settled(world, receipt).decision for receipt in receipts} == {"deploy"}
    (again,) = notified(world, NEW)
    world.webhook.looks.run_due()
    assert world.store.receipts.get(again.id).decision == "known"
    assert world.registry.count("digest") == 2


def test_an_unknown_image_that_comes_late_is_made_a_project(world):
    show_late(world, NEW, 3)
    (receipt,) = notified(world, NEW)
    assert settled(world, receipt).decision == "waiting"
    assert [project.image for project in world.store.projects.all()] == [IMAGE]


@pytest.mark.parametrize("watched", [True, False])
def test_a_tag_that_is_not_there_is_ignored_after_the_last_try(world, watched):
    if watched:
        world.shop()
    left = [settled(world, receipt) for receipt in (*notified(world, NEW), world.webhook.deliver(JSON, PUSH))]
    assert {(each.decision, each.reason) for each in left} == {("ignored", f"{IMAGE} has no tag dev-1 at the registry")}
    assert world.registry.count("digest") <= 2 * (1 + len(PATIENCE))
    assert world.webhook._under_way == {}


def test_without_a_digest_what_is_known_is_looked_at_once_more(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1", OLD)
    delivered(world)
    show_late(world, NEW, 1)
    receipt = delivered(world)
    assert "known already (deploy #1). Forge asks again" in receipt.reason
    world.clock.now += ONCE_MORE[0]
    world.webhook.looks.run_due()
    assert world.store.receipts.get(receipt.id).decision == "deploy"


def test_a_tag_that_no_stage_takes_is_not_waited_for(world):
    world.shop()
    world.registry.push("acme/shop", "sha-1", OLD)
    (receipt,) = notified(world, NEW, tag="sha-1")
    world.webhook.looks.run_due()
    assert world.store.receipts.get(receipt.id).decision == "ignored"
    assert world.registry.count("digest") == 1


def test_what_the_registry_shows_is_decided_even_if_something_else_was_announced(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1", OLD)
    (receipt,) = notified(world, NEW)
    world.webhook.looks.run_due()
    assert [deploy.digest for deploy in world.deploys()] == [OLD]
    left = settled(world, receipt)
    assert (left.decision, left.reason) == (
        "deploy",
        f"dev-1 means {OLD[:19]} at the registry, not {NEW[:19]} as announced. deploy #1 of shop/dev queued",
    )


def test_a_delivery_that_comes_while_another_is_patient_is_looked_at_at_once(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1", OLD)
    notified(world, NEW)
    world.webhook.looks.run_due()
    world.clock.now += PATIENCE[0] / 2
    world.registry.push("acme/shop", "dev-1", NEW)
    (receipt,) = notified(world, NEW)
    world.webhook.looks.run_due()
    assert told(world) == {"deploy"}
    assert world.store.receipts.get(receipt.id).at == world.clock.now


def test_a_patient_delivery_is_looked_at_after_a_restart_too(world):
    world.shop()
    (receipt,) = notified(world, NEW)
    world.webhook.looks.run_due()
    world.registry.push("acme/shop", "dev-1", NEW)
    again = WebhookService(world.store, world.service, world.quick, clock=world.clock)
    again.start()
    try:
        until(lambda: world.store.receipts.get(receipt.id).decision == "deploy", "it is looked at")
    finally:
        again.close()


def test_a_thousand_shuffled_and_doubled_deliveries_end_alike_and_ask_little(world):
    world.prefer(receipts=5000)
    world.shop(max_instances=50)
    digests = {f"dev-{n}": [f"sha256:{n:032x}{again:032x}" for again in range(2)] for n in range(50)}
    sent = [(tag, digest) for tag, each in digests.items() for digest in each] * 10
    random.Random(7).shuffle(sent)
    for tag, each in digests.items():
        world.registry.push("acme/shop", tag, each[-1])
    given = [notified(world, digest, tag=tag)[0] for tag, digest in sent]
    for receipt in (given[0], given[-1]):
        settled(world, receipt)
    assert told(world) == {"deploy"}
    assert {deploy.tag: deploy.digest for deploy in world.deploys()} == {tag: two[-1] for tag, two in digests.items()}
    assert len(world.deploys()) == 50
    assert world.registry.count("digest") <= 50 * (1 + len(PATIENCE))
    assert sum(event.type == "receipt" for event in world.events) <= 3 * len(sent)
