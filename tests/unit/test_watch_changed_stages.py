"""What waits or is held in a stage that is changed is decided anew."""

from dataclasses import replace

import pytest

from forge.domain.image import parse_image
from forge.domain.sighting import Decision
from forge.domain.stage import Update, UpdateMode
from forge.domain.tags import parse_pattern
from tests.unit.watching import IMAGE, World

ASK = Update(mode=UpdateMode.ASK)
HOUR = Update(minimum_age=3600)
CLOSED = Update(mode=UpdateMode.WINDOW, window="sun 03:00-03:01")  # noon of the tests is no Sunday's night


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.database.close()


def look(world):
    return world.service.look(parse_image(f"{IMAGE}:dev-1"))


def changed(world, stage, **more):
    world.projects.change_stage(replace(stage, **more), {}, actor="ann")
    return world.service.decide_due(world.clock.now)


@pytest.mark.parametrize("before", [HOUR, CLOSED, ASK], ids=["age", "window", "ask"])
def test_what_waits_or_is_held_goes_live_when_its_stage_no_longer_holds_it(world, before):
    stage = world.shop(update=before)
    digest = world.registry.push("acme/shop", "dev-1")
    (pending,) = look(world)
    assert pending.decision in {Decision.HELD, Decision.WAITING}
    (decided,) = changed(world, stage, update=Update())
    assert (decided.id, decided.decision, decided.due) == (pending.id, Decision.DEPLOY, None)
    assert [(deploy.digest, deploy.actor) for deploy in world.deploys()] == [(digest, "webhook")]
    assert world.woken == 1
    assert world.service.decide_due(1e12) == []


@pytest.mark.parametrize(
    ("before", "after", "decision"),
    [
        (HOUR, Update(minimum_age=7200), Decision.HELD),
        (HOUR, CLOSED, Decision.HELD),
        (HOUR, ASK, Decision.WAITING),
        (CLOSED, ASK, Decision.WAITING),
        (ASK, HOUR, Decision.HELD),
        (ASK, ASK, Decision.WAITING),
    ],
)
def test_what_waits_or_is_held_is_decided_anew_by_what_its_stage_asks_for_now(world, before, after, decision):
    stage = world.shop(update=before)
    world.registry.push("acme/shop", "dev-1")
    (pending,) = look(world)
    world.clock.now += 60
    (decided,) = changed(world, stage, update=after)
    assert decided.decision is decision
    if after.minimum_age:
        assert decided.due == pending.seen + after.minimum_age
    assert world.deploys() == []
    assert world.service.decide_due(world.clock.now) == []


def test_what_no_longer_belongs_to_a_changed_stage_is_ignored_and_other_stages_are_left_alone(world):
    stage = world.shop(update=ASK)
    world.stage("rel", update=ASK)
    world.registry.push("acme/shop", "dev-1")
    look(world)
    (decided,) = changed(world, stage, pattern=parse_pattern("other-*"))
    assert (decided.stage, decided.decision) == ("dev", Decision.IGNORED)
    assert world.store.sightings.last("shop", "rel", "dev-1").decision is Decision.WAITING


def test_a_project_that_becomes_active_by_a_change_has_decided_what_waited_for_it(world):
    project = world.project(active=False)
    world.stage()
    world.registry.push("acme/shop", "dev-1")
    look(world)
    world.projects.change(replace(project, active=True), {}, actor="ann")
    assert [seen.decision for seen in world.service.decide_due(world.clock.now)] == [Decision.DEPLOY]
