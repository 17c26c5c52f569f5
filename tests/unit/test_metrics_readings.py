"""Reading everything that runs: what is away, stopped or started anew says nothing, and hurts nobody else."""

from dataclasses import replace

import pytest

from forge.domain.connection import EngineConnection
from forge.domain.errors import EngineError
from forge.domain.instance import InstanceStatus
from forge.domain.metrics import MACHINE
from tests.unit.measuring import Measured


@pytest.fixture
def world(tmp_path):
    made = Measured(tmp_path)
    yield made
    made.forge.close()


def take(world, seconds=3.0):
    world.clock.now += seconds
    return {sample.subject: sample for sample in world.sampler.readings.take()}


def test_two_readings_make_a_sample(world):
    world.run()
    assert take(world) == {}
    sample = take(world)["a1b2c3"]
    assert (sample.cpu, sample.memory, sample.received, sample.sent) == (pytest.approx(0.25), 1000, 20, 10)
    assert (sample.seconds, sample.at) == (3, world.clock.now)


def test_the_machine_is_measured_beside_them_also_where_it_tells_nothing(world):
    take(world)
    assert take(world)[MACHINE].cpu is None


@pytest.mark.parametrize("status", [InstanceStatus.STOPPED, InstanceStatus.MISSING, InstanceStatus.REMOVED])
def test_what_does_not_run_is_not_asked_about(world, status):
    world.run(status=status)
    take(world)
    assert set(take(world)) == {MACHINE}
    assert "stats" not in world.engine.calls


def test_a_candidate_is_measured_too(world):
    world.run(status=InstanceStatus.STARTING)
    take(world)
    assert "a1b2c3" in take(world)


def test_one_that_cannot_be_measured_does_not_hide_the_others(world):
    world.run()
    world.run("d4e5f6")
    take(world)
    world.engine.raises_before["stats"] = EngineError("The engine could not measure it", code="gone")
    assert len(set(take(world)) - {MACHINE}) == 1
    take(world)
    assert set(take(world)) == {MACHINE, "a1b2c3", "d4e5f6"}


def test_after_an_outage_the_time_without_readings_is_a_gap(world):
    world.run()
    take(world)
    world.engine.down = True
    assert set(take(world)) == {MACHINE}
    world.engine.down = False
    assert set(take(world)) == {MACHINE}
    assert take(world)["a1b2c3"].seconds == 3


def test_an_engine_that_is_known_to_be_away_is_not_asked(world):
    world.run()
    take(world)
    assert world.sampler.readings.versions == {"local": "0-fake"}
    world.forge.parts.tell("engine", "local", "It does not answer")
    world.engine.calls.clear()
    assert set(take(world)) == {MACHINE}
    assert world.engine.calls == []
    assert world.sampler.readings.versions == {}
    world.forge.parts.tell("engine", "local", None)
    take(world)
    assert "a1b2c3" in take(world)
    assert world.sampler.readings.versions == {"local": "0-fake"}


def test_one_engine_that_is_away_does_not_hide_what_runs_on_another(world):
    with world.forge.store.database.change() as change:
        world.forge.store.connections.put(change, EngineConnection(name="far", url="ssh://far"), "test")
    world.run(engine="far")
    world.run("d4e5f6")
    world.forge.parts.tell("engine", "far", "It does not answer")
    take(world)
    assert set(take(world)) == {MACHINE, "d4e5f6"}


def test_one_that_was_started_anew_begins_anew(world):
    made = world.run()
    take(world)
    world.clock.now += 60
    assert "a1b2c3" in take(world)
    world.engine.restart(made.container, 0)
    assert set(take(world, 1)) == {MACHINE}
    assert take(world)["a1b2c3"].seconds == 3


def test_what_was_stopped_is_forgotten(world):
    made = world.run()
    take(world)
    with world.forge.store.database.change() as change:
        world.forge.store.instances.put(change, replace(made, status=InstanceStatus.STOPPED))
    take(world)
    assert set(take(world)) == {MACHINE}
