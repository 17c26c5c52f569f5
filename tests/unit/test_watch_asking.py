"""A delivery while it is looked at."""

from dataclasses import replace

import pytest

from forge.domain.image import parse_image
from forge.domain.sighting import Receipt
from forge.watch.asking import ONCE_MORE, PATIENCE, Asking, Looked, looked
from forge.watch.newcomers import Found
from forge.watch.sightings import Outcome, Seen
from forge.watch.summary import Summary
from tests.unit.watching import IMAGE, World

TAG = f"{IMAGE}:dev-1"
OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
RECEIPT = Receipt(
    id=1, at=100.0, vendor="forge", images=(TAG,), signature="none", decision="looking", reason="", body=""
)


@pytest.fixture
def outcome(tmp_path):
    world = World(tmp_path)
    world.shop()
    world.registry.push("acme/shop", "dev-1", OLD)
    yield world.service.see(parse_image(TAG)).outcomes[0]
    world.store.database.close()


def found(*outcomes, digest=OLD, missing=False):
    image = parse_image(TAG)
    seen = Seen(asked=image, image=image, watched=True, digest=digest, outcomes=outcomes)
    return {TAG: looked(Found(seen=seen, missing=missing))}


def test_what_was_announced_and_is_not_there_is_asked_for_with_patience_and_not_for_ever(outcome):
    for each in (found(outcome), found(digest=None, missing=True)):
        asking = Asking(RECEIPT, {TAG: NEW}, RECEIPT.at)
        moments = [100.0]
        while (due := asking.take(each, moments[-1])) is not None:
            moments.append(due)
        assert moments == [100.0, *(100.0 + step for step in PATIENCE)]


def test_what_was_announced_and_is_there_is_settled_at_once(outcome):
    for fresh in (True, False):
        asking = Asking(RECEIPT, {TAG: OLD}, RECEIPT.at)
        assert asking.take(found(Outcome(sighting=outcome.sighting, fresh=fresh)), 100.0) is None
        assert asking.best.decision == ("deploy" if fresh else "known")


def test_without_a_digest_only_what_is_known_is_looked_at_once_more(outcome):
    assert Asking(RECEIPT, {}, RECEIPT.at).take(found(outcome), 100.0) is None
    known = found(Outcome(sighting=outcome.sighting, fresh=False))
    asking = Asking(RECEIPT, {}, RECEIPT.at)
    assert asking.take(known, 100.5) == 100.0 + ONCE_MORE[0]
    assert asking.take(known, 102.0) is None


def test_a_registry_that_had_its_time_already_is_asked_no_more(outcome):
    assert Asking(RECEIPT, {TAG: NEW}, RECEIPT.at).take(found(outcome), 100.0 + PATIENCE[-1]) is None


def test_what_no_stage_takes_and_what_is_refused_are_settled_at_once():
    assert Asking(RECEIPT, {TAG: NEW}, RECEIPT.at).take(found(), 100.0) is None
    refused = Asking(RECEIPT, {TAG: NEW}, RECEIPT.at)
    assert refused.take({TAG: Looked(Summary("failed", "no"))}, 100.0) is None
    assert refused.best == Summary("failed", "no")


def test_a_sighting_once_made_is_not_forgotten_for_a_later_look_that_finds_nothing(outcome):
    asking = Asking(RECEIPT, {TAG: NEW}, RECEIPT.at)
    asking.take(found(outcome), 100.0)
    asking.take(found(Outcome(sighting=outcome.sighting, fresh=False)), 109.0)
    assert asking.best.decision == "deploy"
    assert asking.best.text.startswith(
        f"dev-1 means {OLD[:19]} at the registry, not {NEW[:19]} as announced. deploy #1"
    )


def test_of_several_images_the_one_that_must_be_asked_again_decides_when(outcome):
    other = f"{IMAGE}:dev-2"
    both = {**found(outcome), other: Looked(Summary("failed", "no"))}
    asking = Asking(replace(RECEIPT, images=(TAG, other)), {TAG: NEW}, RECEIPT.at)
    assert asking.take(both, 100.0) == 100.0 + PATIENCE[0]
    assert asking.best.text.endswith("; no")
