"""The record of what happened: paged, replayed, thinned."""

import pytest

from forge.domain.events import Event
from tests.unit.storing import add_deploy, open_store


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    yield made
    made.database.close()


def happen(store, count, **more):
    with store.database.change() as change:
        return [
            change.emit(Event(**{"type": "sighting", "payload": {"n": n, "text": "ü\u2028"}, "at": 1.0, **more})).id
            for n in range(count)
        ]


def thin(store, keep):
    with store.database.change() as change:
        return store.events.thin(change, keep)


def test_before_anything_happened_there_is_nothing_to_replay(store):
    assert store.events.bounds() == (1, 0)
    assert store.events.after("state", 0, 10) == []
    assert store.events.activity(before=None, limit=10) == []
    assert thin(store, 10) == 0


def test_bounds_are_the_oldest_and_the_newest(store):
    happen(store, 10)
    assert store.events.bounds() == (1, 10)
    assert thin(store, 4) == 6
    assert store.events.bounds() == (7, 10)


def test_numbers_are_never_given_out_twice(store):
    happen(store, 5)
    with store.database.change() as change:
        change.execute("DELETE FROM event")
    assert store.events.bounds() == (6, 5)
    assert happen(store, 1) == [6]


def test_thinning_keeps_at_least_what_it_was_told(store):
    happen(store, 10)
    assert thin(store, 100) == 0
    assert thin(store, 10) == 0
    assert thin(store, 1) == 9


def test_a_topic_is_replayed_in_order_from_where_a_reader_was(store):
    happen(store, 3)
    mine = happen(store, 3, topic="deploy:1", type="deploy_log")
    happen(store, 3)
    assert [e.id for e in store.events.after("deploy:1", 0, 10)] == mine
    assert [e.id for e in store.events.after("deploy:1", mine[0], 1)] == [mine[1]]
    assert store.events.after("deploy:1", mine[-1], 10) == []


def test_an_event_comes_back_as_it_was(store):
    (number,) = happen(store, 1, project="shop", stage="dev", actor="ann")
    (event,) = store.events.after("state", 0, 1)
    assert event == Event(
        type="sighting",
        payload={"n": 0, "text": "ü\u2028"},
        at=1.0,
        id=number,
        project="shop",
        stage="dev",
        actor="ann",
    )


def test_activity_is_paged_newest_first_without_gap_or_repeat(store):
    happen(store, 5, project="shop")
    happen(store, 5, project="cart")
    happen(store, 5, type="deploy_step")
    happen(store, 5, topic="deploy:1", type="deploy_log")
    pages, before = [], None
    while page := store.events.activity(before=before, limit=3):
        pages += [e.id for e in page]
        before = page[-1].id
    assert pages == list(range(10, 0, -1))
    assert [e.id for e in store.events.activity(before=None, limit=99, project="shop")] == [5, 4, 3, 2, 1]


def test_activity_is_of_a_stage_a_person_and_some_types(store):
    happen(store, 1, project="shop", stage="dev", actor="ann", type="project_changed")
    happen(store, 1, project="shop", stage="rel", actor="bob")
    happen(store, 1, project="shop", stage="dev", actor="bob")

    def found(**wanted):
        return [e.id for e in store.events.activity(before=None, limit=9, **wanted)]

    assert found(stage="dev") == [3, 1]
    assert found(actor="bob") == [3, 2]
    assert found(types=["project_changed", "receipt"]) == [1]
    assert found(project="shop", stage="dev", actor="bob", types=["sighting"]) == [3]


def test_quiet_activity_leaves_out_what_others_tell_anyway(store):
    deploy = add_deploy(store)
    with store.database.change() as change:
        change.execute("UPDATE deploy SET ended = 100")

    def emit(type_, payload, actor="forge", at=50.0):
        (number,) = happen(store, 1, type=type_, payload={"deploy": deploy.id, "wanted": True, **payload},
                           actor=actor, at=at)  # fmt: skip
        return number

    for part in ({"status": "starting"}, {"status": "running"}, {"status": "removed"}):
        emit("instance_status", part)
    emit("instance_status", {"status": "stopped", "wanted": False}, at=150.0)  # a newer deploy stopped it
    emit("instance_status", {"status": "missing", "wanted": False}, at=160.0)  # and it was pruned
    emit("sighting", {"decision": "deploy"})
    emit("receipt", {"decision": "ignored"})
    news = [
        emit("instance_status", {"status": "running"}, at=101.0),  # it is back
        emit("instance_status", {"status": "stopped"}, at=102.0),  # it ended by itself
        emit("instance_status", {"status": "unhealthy"}),
        emit("instance_status", {"status": "stopped", "wanted": False}, actor="ann"),
        emit("sighting", {"decision": "waiting"}),
        emit("receipt", {"decision": "refused"}),
        emit("settings_changed", {}),
        *happen(store, 1),  # a payload that says nothing of it
    ]
    found = store.events.activity(before=None, limit=99, quiet=True)
    assert [e.id for e in found if e.type != "deploy_status"] == news[::-1]
    assert len(store.events.activity(before=None, limit=99)) == len(found) + 7
