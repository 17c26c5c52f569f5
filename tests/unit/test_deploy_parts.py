"""Which parts answer: told once per change."""

import pytest

from forge.deploy.parts import Health
from forge.store.database import StoreUnavailable
from tests.unit.watching import World, held


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.events.clear()
    yield made
    made.store.database.close()


@pytest.fixture
def health(world):
    return Health(world.store)


def told(world):
    return [(e.payload["kind"], e.payload["name"], e.payload["change"], e.payload["text"]) for e in world.events]


def test_a_part_that_answers_from_the_first_is_no_news(world, health):
    assert health.tell("engine", "local", None) is False
    assert world.events == []
    assert [part.fault for part in health.parts()] == [None]


def test_going_away_and_coming_back_are_told_once_each(world, health):
    assert [health.tell("engine", "local", "It is down"), health.tell("engine", "local", "Still down")] == [True, False]
    assert [health.tell("engine", "local", None), health.tell("engine", "local", None)] == [True, False]
    assert told(world) == [("engine", "local", "down", "It is down"), ("engine", "local", "back", "It answers again")]


def test_what_a_locked_database_kept_from_being_told_is_told_later(world, health):
    health.tell("engine", "local", "It is down")
    world.store.database.rows("PRAGMA busy_timeout = 10")
    with held(world.store.database.path), pytest.raises(StoreUnavailable):
        health.tell("engine", "local", None)
    assert [part.fault for part in health.parts()] == [None]
    assert [health.tell("engine", "local", None), health.tell("engine", "local", None)] == [True, False]
    assert [change for _, _, change, _ in told(world)] == ["down", "back"]


def test_since_is_when_it_changed_and_the_sentence_is_the_newest(world, health):
    health.tell("proxy", "caddy", "Refused")
    world.clock.now += 60
    health.tell("proxy", "caddy", "Time-out")
    (part,) = health.parts()
    assert (part.fault, part.since) == ("Time-out", world.clock.now - 60)
    health.tell("proxy", "caddy", None)
    assert health.parts()[0].since == world.clock.now


def test_parts_of_one_name_and_another_kind_are_apart(world, health):
    health.tell("proxy", "main", "down")
    health.tell("engine", "main", None)
    assert [(p.kind, p.fault) for p in health.parts()] == [("engine", None), ("proxy", "down")]


def test_a_part_that_nobody_uses_is_forgotten_and_that_is_told_if_it_was_away(world, health):
    health.tell("registry", "one", "down")
    health.tell("registry", "two", None)
    for name in ("one", "two", "never"):
        health.retire("registry", name)
    assert health.parts() == ()
    assert told(world)[1:] == [("registry", "one", "unused", "Nothing uses it any more")]


def test_a_part_that_was_deleted_is_forgotten(world, health):
    health.tell("proxy", "caddy", "down")
    health.forget("proxy", "caddy")
    health.forget("proxy", "never")
    assert health.parts() == ()
