"""Instances as they are kept: who serves, and that only one does."""

import sqlite3
from dataclasses import replace

import pytest

from forge.domain.errors import NotFound
from forge.domain.instance import InstanceStatus
from forge.domain.route import Target
from tests.unit.storing import NOON, Clock, instance, open_store


@pytest.fixture
def heard():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, heard, clock):
    made = open_store(tmp_path, heard, clock)
    yield made
    made.database.close()


def put(store, *instances, actor="forge"):
    with store.database.change() as change:
        return [store.instances.put(change, one, actor) for one in instances]


FULL = instance(
    slot="v1", container="c" * 64, status=InstanceStatus.UNHEALTHY, serving=True, wanted=False,
    target=Target("::1", 20000), domain="shop.net", exit_code=137, out_of_memory=True, restarts=4, created=5.0,
)  # fmt: skip


def test_an_instance_comes_back_as_it_was(store):
    (kept,) = put(store, FULL)
    assert kept == replace(FULL, since=NOON)
    assert store.instances.get("a1b2c3") == kept
    with pytest.raises(NotFound, match="no instance zzzzzz"):
        store.instances.get("zzzzzz")


def test_since_is_when_its_status_changed_or_it_was_started_again_by_itself(store, clock):
    put(store, FULL)
    clock.now += 60
    (kept,) = put(store, replace(store.instances.get("a1b2c3"), exit_code=1, serving=False))
    assert kept.since == NOON
    (kept,) = put(store, replace(kept, status=InstanceStatus.RUNNING))
    assert kept.since == NOON + 60
    clock.now += 60
    (kept,) = put(store, replace(kept, restarts=kept.restarts + 1))
    assert kept.since == NOON + 120, "it was down between two looks"


def test_what_did_not_change_is_not_told(store, heard):
    put(store, FULL, actor="ann")
    put(store, store.instances.get("a1b2c3"), actor="bob")
    assert [(e.type, e.actor, e.payload["status"]) for e in heard] == [("instance_status", "ann", "unhealthy")]


def test_a_slot_is_served_by_one_instance_only(store):
    put(store, instance("one111", serving=True), instance("two222", serving=True, slot="v2"))
    with pytest.raises(sqlite3.IntegrityError):
        put(store, instance("three3", serving=True))
    put(store, instance("one111", serving=False), instance("three3", serving=True))


def test_a_domain_leads_to_one_instance_only(store):
    put(store, instance("one111", serving=True, domain="shop.net"))
    with pytest.raises(sqlite3.IntegrityError):
        put(store, instance("two222", project="cart", serving=True, domain="shop.net"))
    put(store, instance("two222", project="cart", serving=True), instance("three3", project="x", serving=True))
    assert [one.id for one in store.instances.present() if one.domain == "shop.net"] == ["one111"]


def test_present_are_all_that_are_not_removed_the_newest_first(store):
    put(
        store, instance("one111", created=1), instance("two222", created=2, stage="rel"),
        instance("three3", created=3, project="cart"), instance("gone44", created=4, status=InstanceStatus.REMOVED),
        instance("five55", created=5, status=InstanceStatus.MISSING),
    )  # fmt: skip
    assert [i.id for i in store.instances.present()] == ["five55", "three3", "two222", "one111"]
    assert [i.id for i in store.instances.present("shop")] == ["five55", "two222", "one111"]
    assert [i.id for i in store.instances.present("shop", "rel")] == ["two222"]


def test_serving_are_the_oldest_first(store):
    put(store, *(instance(f"{n}{n}{n}", created=n, serving=n != 2, slot=str(n)) for n in (3, 1, 2)))
    assert [i.id for i in store.instances.serving("shop", "dev")] == ["111", "333"]


def test_what_was_removed_long_ago_is_forgotten(store, clock):
    gone = InstanceStatus.REMOVED
    put(store, instance("old111", status=gone), instance("runs22"))
    clock.now += 100
    put(store, instance("new333", status=gone))
    with store.database.change() as change:
        store.instances.thin(change, 1000, clock.now - 50)
    assert {row["id"] for row in store.database.rows("SELECT id FROM instance")} == {"runs22", "new333"}


def test_of_what_was_removed_each_stage_keeps_the_newest(store, clock):
    gone = InstanceStatus.REMOVED
    for number in (1, 2, 3):
        clock.now += 1
        put(store, instance(f"dev{number}", status=gone, slot=str(number)), instance(f"run{number}", slot=f"r{number}"))
    put(store, instance("rel1", status=gone, stage="rel"))
    with store.database.change() as change:
        store.instances.thin(change, 2, 0)
    kept = {row["id"] for row in store.database.rows("SELECT id FROM instance")}
    assert kept == {"dev2", "dev3", "run1", "run2", "run3", "rel1"}


def test_since_are_those_that_were_there_at_some_time_from_then_on(store, clock):
    gone = InstanceStatus.REMOVED
    put(store, instance("old111", status=gone), instance("runs22", created=1), instance("rel333", stage="rel"))
    clock.now += 100
    put(store, instance("new444", status=gone, created=2))
    since = clock.now - 50
    assert [i.id for i in store.instances.since(since)] == ["new444", "runs22", "rel333"]
    assert [i.id for i in store.instances.since(since, "shop", "dev")] == ["new444", "runs22"]
    assert store.instances.since(since, "other") == []
