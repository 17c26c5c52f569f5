"""Sightings are decided once; receipts are kept, but not for ever."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge.domain.errors import NotFound
from forge.domain.sighting import Decision, Receipt, Sighting
from forge.store.sightings import MOST_IDLE
from tests.unit.storing import DIGEST, NOON, OTHER, open_store

SEEN = Sighting(
    id=0, project="shop", stage="dev", tag="v1", digest=DIGEST, source="poller", decision=Decision.DEPLOY,
    reason="new", seen=0, deploy=7,
)  # fmt: skip
RECEIPT = Receipt(
    id=0, at=0, vendor="gitea", images=("r.example/a:1",), signature="valid", decision="deploy", reason="new",
    body='{"a": "planted-secret"}', headers=(("X-Gitea-Event", "package"),),
)  # fmt: skip


@pytest.fixture
def heard():
    return []


@pytest.fixture
def store(tmp_path, heard):
    made = open_store(tmp_path, heard)
    yield made
    made.database.close()


def see(store, **more):
    with store.database.change() as change:
        return store.sightings.add(change, replace(SEEN, **more))


def decide(store, sighting, decision, reason="because", **more):
    with store.database.change() as change:
        return store.sightings.decide(change, sighting, decision, reason, **more)


def test_a_sighting_comes_back_as_it_was_and_is_told(store, heard):
    kept = see(store, due=5.0)
    assert kept == replace(SEEN, id=1, seen=NOON, due=5.0)
    assert store.sightings.get(1) == store.sightings.last("shop", "dev", "v1") == kept
    assert [(e.type, e.actor, e.payload["decision"]) for e in heard] == [("sighting", "poller", "deploy")]
    with pytest.raises(NotFound):
        store.sightings.get(2)


def test_a_tag_that_means_the_same_is_no_news(store, heard):
    see(store)
    assert see(store, source="webhook") is None
    assert len(heard) == 1


def test_a_tag_that_means_another_digest_and_then_the_old_one_again_is_news_each_time(store):
    assert [see(store, digest=digest) is not None for digest in (DIGEST, OTHER, OTHER, DIGEST)] == [
        True,
        True,
        False,
        True,
    ]
    assert store.sightings.last("shop", "dev", "v1").digest == DIGEST


def test_other_tags_stages_and_projects_are_apart(store):
    for more in ({}, {"tag": "v2"}, {"stage": "rel"}, {"project": "cart"}):
        assert see(store, **more) is not None
    assert set(store.sightings.latest("shop", "dev")) == {"v1", "v2"}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([DIGEST, OTHER])), max_size=30))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_they_come_what_is_kept_is_each_change_of_meaning(tmp_path, seen):
    store = open_store(tmp_path)
    with store.database.change() as change:
        change.execute("DELETE FROM sighting")
    for tag, digest in seen:
        see(store, tag=tag, digest=digest)
    for tag in "ab":
        meanings = [digest for name, digest in seen if name == tag]
        changes = [d for n, d in enumerate(meanings) if n == 0 or meanings[n - 1] != d]
        assert [s.digest for s in reversed(store.sightings.page(limit=99)) if s.tag == tag] == changes
    store.database.close()


def test_only_one_decides_a_waiting_one_anew(store):
    waiting = see(store, decision=Decision.WAITING, deploy=None)
    assert decide(store, waiting, Decision.DEPLOY, deploy=3).deploy == 3
    assert decide(store, waiting, Decision.REFUSED) is None
    assert store.sightings.get(1).decision is Decision.DEPLOY


def test_held_ones_come_when_they_are_due_in_order(store):
    for tag, due in (("a", 30.0), ("b", 10.0), ("c", 20.0)):
        see(store, tag=tag, due=due, decision=Decision.HELD)
    see(store, tag="d", due=1.0)
    assert [s.tag for s in store.sightings.due(20.0)] == ["b", "c"]
    decide(store, store.sightings.last("shop", "dev", "b"), Decision.DEPLOY)
    assert [s.tag for s in store.sightings.due(99.0)] == ["c", "a"]


def test_what_waits_or_is_held_in_a_changed_stage_is_due_at_once(store):
    for tag, decision in (("a", Decision.HELD), ("b", Decision.WAITING), ("c", Decision.DEPLOY)):
        see(store, tag=tag, decision=decision, due=1e12 if decision is Decision.HELD else None)
    see(store, stage="rel", decision=Decision.WAITING)
    assert store.sightings.due(NOON) == []
    with store.database.change() as change:
        store.sightings.reconsider(change, "shop", "dev")
    assert [s.tag for s in store.sightings.due(NOON)] == ["a", "b"]
    decide(store, store.sightings.get(2), Decision.WAITING)
    assert [s.tag for s in store.sightings.due(NOON)] == ["a"]


def test_pages_are_newest_first_and_filtered(store):
    for number in range(5):
        see(store, tag=f"v{number}", project="shop" if number % 2 else "cart")
    assert [s.id for s in store.sightings.page(limit=2)] == [5, 4]
    assert [s.id for s in store.sightings.page(before=4)] == [3, 2, 1]
    assert [s.id for s in store.sightings.page(project="shop", stage="dev")] == [4, 2]


def test_sightings_are_found_by_what_was_decided(store):
    see(store, tag="v1")
    see(store, tag="v2", decision=Decision.WAITING)
    see(store, tag="v3", decision=Decision.HELD)
    assert [s.tag for s in store.sightings.page(decisions=[Decision.WAITING, Decision.HELD])] == ["v3", "v2"]
    assert store.sightings.page(project="cart", decisions=[Decision.HELD]) == []


# ---- receipts


def receive(store, keep=100, **more):
    with store.database.change() as change:
        return store.receipts.add(change, replace(RECEIPT, **more), keep)


def test_a_receipt_comes_back_and_its_body_goes_out_to_nobody(store, heard):
    kept = receive(store, replay_of=3)
    assert store.receipts.get(1) == kept == replace(RECEIPT, id=1, at=NOON, replay_of=3)
    (event,) = heard
    assert {"body", "headers"}.isdisjoint(event.payload)
    assert "planted-secret" not in str(event)
    with pytest.raises(NotFound):
        store.receipts.get(2)


def test_only_the_newest_receipts_are_kept(store):
    for number in range(10):
        receive(store, keep=3, reason=str(number))
    assert [r.reason for r in store.receipts.page()] == ["9", "8", "7"]
    receive(store, keep=1)
    assert len(store.receipts.page()) == 1


def test_receipts_that_name_no_image_push_no_others_out(store):
    kept = [receive(store, keep=3).id for _ in range(3)]
    quiet = [receive(store, keep=3, images=(), decision="ignored").id for _ in range(5)]
    told = [receive(store, keep=3, images=(), decision=decision).id for decision in ("ping", "invalid")]
    assert [r.id for r in store.receipts.page(limit=200)] == [*told[::-1], *quiet[:1:-1], kept[-1]]
    for _ in range(2 * MOST_IDLE):
        receive(store, images=(), decision="ignored")
    left = store.receipts.page(limit=200)
    assert [r.id for r in left if r.images or r.decision != "ignored"] == [*told[::-1], kept[-1]]
    assert len(left) == 3 + MOST_IDLE


def test_what_was_decided_in_the_end_is_written_and_told(store, heard):
    kept = receive(store)
    with store.database.change() as change:
        store.receipts.settle(change, kept, "ignored", "no stage takes it")
    assert (store.receipts.get(1).decision, store.receipts.get(1).reason) == ("ignored", "no stage takes it")
    assert heard[-1].payload["decision"] == "ignored"
    assert [r.id for r in store.receipts.page(before=1)] == []


def test_receipts_that_named_nothing_can_be_left_out(store):
    receive(store, decision="ignored", images=())
    receive(store, decision="ping", images=())
    receive(store, decision="ignored")
    assert [r.id for r in store.receipts.page(idle=False)] == [3, 2]
    assert [r.id for r in store.receipts.page()] == [3, 2, 1]


def test_receipts_that_named_nothing_crowd_out_nothing_and_are_no_news(store, heard):
    receive(store, keep=20)
    for _ in range(30):
        receive(store, keep=20, decision="ignored", images=())
    assert [r.id for r in store.receipts.page(limit=200)] == [*range(31, 11, -1), 1]
    assert len(heard) == 1


def test_the_newest_of_each_stage_stay_and_the_last_of_each_tag_and_what_waits(store):
    see(store, tag="once")
    for number in range(4):
        see(store, tag="often", digest=f"sha256:{number:064}")
    see(store, tag="asks", decision=Decision.WAITING)
    see(store, tag="asks", digest=OTHER)
    see(store, stage="rel", tag="often")
    with store.database.change() as change:
        assert store.sightings.thin(change, 2) == 3
        assert store.sightings.thin(change, 2) == 0
    left = [(one.tag, one.decision) for one in store.sightings.page(project="shop", stage="dev", limit=50)]
    went = Decision.DEPLOY
    assert left == [("asks", went), ("asks", Decision.WAITING), ("often", went), ("once", went)]
    assert see(store, tag="once") is None, "it was seen"
