"""What happens to a container is known at once, and an engine that comes back is followed again."""

import pytest

from forge.domain.connection import EngineConnection
from forge.domain.errors import EngineError
from forge.domain.instance import InstanceStatus
from forge.ports import HOME_LABEL, INSTANCE_LABEL
from forge.store.database import StoreUnavailable
from tests.unit.deploying import live, make_world
from tests.world import until


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    until(lambda: made.engine.open_streams == 1, "the engine's events are followed")
    yield made
    made.forge.close()


def one(world):
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    return instance


def becomes(world, status, **more):
    def holds():
        now = one(world)
        return now.status is status and all(getattr(now, name) == value for name, value in more.items())

    until(holds, f"it is {status.value}")


def test_an_instance_that_ends_is_seen_at_once_with_its_exit_code_and_restarts(world):
    world.project()
    live(world, "dev-1")
    world.engine.die(one(world).container, 7)
    becomes(world, InstanceStatus.UNHEALTHY, exit_code=7, restarts=1)
    world.engine.restart(one(world).container, 1)
    becomes(world, InstanceStatus.RUNNING, exit_code=None)


def test_memory_that_ran_out_is_seen(world):
    world.project()
    live(world, "dev-1")
    world.engine.die(one(world).container, 137, out_of_memory=True)
    becomes(world, InstanceStatus.UNHEALTHY, out_of_memory=True)


def test_an_instance_that_somebody_removed_is_missing(world):
    world.project()
    live(world, "dev-1")
    world.engine.remove(one(world).container)
    becomes(world, InstanceStatus.MISSING)


def away_and_back(world):
    """The engine crashes: what ran has ended when it is back."""
    world.engine.down = True
    until(lambda: [p.name for p in world.forge.faults()] == ["local"], "it is told that the engine is away")
    with world.engine._machine.changed:
        world.engine._machine.stop(world.engine._machine.containers[one(world).container])
    world.engine.down = False
    until(lambda: world.forge.faults() == (), "it is told that the engine is back")
    until(lambda: world.engine.open_streams == 1, "its events are followed again")


def test_what_ended_while_the_engine_was_away_is_started_again(world):
    world.project()
    live(world, "dev-1")
    away_and_back(world)
    assert world.engine.inspect(one(world).container).running
    becomes(world, InstanceStatus.RUNNING)


def test_what_a_person_stopped_stays_stopped_when_the_engine_is_back(world):
    world.project()
    live(world, "dev-1")
    world.forge.instances.stop(one(world).id, actor="ada")
    away_and_back(world)
    assert not world.engine.inspect(one(world).container).running
    becomes(world, InstanceStatus.STOPPED)


def test_an_outage_is_told_once_however_often_forge_looks(world):
    world.engine.down = True
    begin = world.engine.calls.count("find")
    until(lambda: world.engine.calls.count("find") > begin + 3, "Forge looked several times")
    world.engine.down = False
    until(lambda: world.forge.faults() == (), "the engine is back")
    store = world.forge.store
    told = [e.payload["change"] for e in store.events.activity(before=None, limit=99) if e.type == "connection_changed"]
    assert told[:2] == ["back", "down"]
    assert (told.count("down"), told.count("back")) == (1, 1)


def test_strangers_events_change_nothing(world):
    world.project()
    live(world, "dev-1")
    before = one(world)
    stranger = world.engine.stranger("theirs", {HOME_LABEL: "0ther", INSTANCE_LABEL: before.id})
    looks = world.engine.calls.count("find")
    world.engine.die(stranger)
    world.engine.die(before.container, 5)  # ours comes after: once it was seen, theirs was too
    becomes(world, InstanceStatus.UNHEALTHY, exit_code=5)
    assert world.engine.calls.count("find") - looks <= 2


@pytest.mark.parametrize("error", [EngineError("Bad answer"), StoreUnavailable("The disk is full"), KeyError("Id")])
def test_whatever_goes_wrong_in_a_look_the_engine_is_followed_on(world, error):
    world.project()
    live(world, "dev-1")
    world.engine.raises_before["find"] = error
    world.engine.die(one(world).container, 7)
    becomes(world, InstanceStatus.UNHEALTHY, exit_code=7)


def test_an_engine_that_was_added_later_is_followed_and_one_that_was_deleted_is_not(world, monkeypatch):
    follower = world.forge.follower
    world.forge.connections.put(EngineConnection(name="second"), actor="ann")
    follower._follow_new()
    until(lambda: world.engine.open_streams == 2, "both are followed")
    world.forge.connections.delete(EngineConnection, "second", actor="ann")
    until(lambda: "second" not in follower._threads, "it is followed no more")
    assert [p.name for p in world.forge.parts.parts() if p.kind == "engine"] == ["local"]


def test_closing_ends_every_thread_and_stream(world):
    threads = list(world.forge.follower._threads.values())
    world.forge.close()
    assert [thread.is_alive() for thread in threads] == [False] * len(threads)
    assert world.engine.open_streams == 0
    world.forge = world.compose()
    assert [
        e.payload for e in world.forge.store.events.activity(before=None, limit=9) if "down" in str(e.payload)
    ] == []


def test_a_stream_that_opens_while_forge_closes_is_not_left_open(world):
    """The adapters are closed already: nobody would end it."""
    follower = world.forge.follower
    follower._closing.set()
    follower._read("local", 0.0)
    assert world.engine.open_streams == 1


def test_without_an_engine_forge_starts_and_stays_up(tmp_path, monkeypatch):
    made = make_world(tmp_path / "other", monkeypatch, start=False)
    made.engine.down = True
    made.forge.start()
    until(lambda: [p.name for p in made.forge.faults()] == ["local"], "it is told")
    made.project()
    made.push("dev-1")
    made.engine.down = False
    assert made.deploy("dev-1").ended_well
    made.forge.close()
