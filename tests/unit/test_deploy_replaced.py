"""A project that moves to another engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.domain.connection import EngineConnection
from forge.domain.deploy import DeployStatus
from forge.domain.errors import EngineError
from forge.domain.route import Reach, Route, Target
from tests.fake_engine import FakeEngine
from tests.unit.deploying import Gate, live, make_world
from tests.world import stage, until

ADDRESS = "10.0.0.5"


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


@pytest.fixture
def far(world):
    """An engine on another machine, which finds the same images."""
    engine = FakeEngine()
    engine.reached = Reach(local=False, host=ADDRESS, listen=ADDRESS, chosen=ADDRESS)
    adapters = world.forge.adapters
    near = adapters.factories.engine
    adapters.factories = replace(
        adapters.factories, engine=lambda one, key: engine if one.name == "far" else near(one, key)
    )
    with world.forge.store.database.change() as change:
        world.forge.store.connections.put(change, EngineConnection(name="far", url=f"ssh://{ADDRESS}"), "test")
    return engine


def move(world, project):
    world.forge.projects.change(replace(project, engine="far"), {}, actor="ann")


def push(world, far, tag):
    """Both engines can pull it."""
    world.push(tag)
    far.known.update(world.engine.known)


def running(engine):
    return [state for state in engine.find({}) if state.running]


def test_the_new_one_is_reached_on_its_own_machine_and_the_old_one_stops_where_it_was(world, far):
    project = world.project()
    live(world, "dev-1")
    move(world, project)
    push(world, far, "dev-2")
    assert world.deploy("dev-2").status is DeployStatus.SUCCEEDED
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    assert (instance.engine, instance.target.host) == ("far", ADDRESS)
    (route,) = world.proxy.routes()
    assert route == Route(instance.domain, (Target(ADDRESS, instance.target.port),))
    assert (len(running(far)), running(world.engine)) == (1, [])
    assert "stop" in world.engine.calls, "it was asked to end, not killed"


def test_a_machine_that_is_gone_for_good_can_be_left(world, far):
    project = world.project()
    live(world, "dev-1")
    move(world, project)
    push(world, far, "dev-2")
    world.engine.down = True
    deploy = world.deploy("dev-2")
    assert deploy.status is DeployStatus.SUCCEEDED
    assert world.serving() == ["dev-2"]
    world.engine.down = False
    until(lambda: not world.engine.find({}), "what was left there is removed once it answers again")


def test_in_place_the_old_one_is_started_again_where_it_was(world, far, gate):
    project = world.project("shop", stage("shop", "dev", publish=25000))
    live(world, "dev-1")
    move(world, project)
    push(world, far, "dev-2")
    gate.breaks("switch route", EngineError("Broken on purpose"))
    assert world.deploy("dev-2").status is DeployStatus.FAILED
    assert (len(running(world.engine)), running(far)) == (1, [])
