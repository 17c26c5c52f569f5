"""The sampler: rarely while nobody looks, often while somebody does, never in anybody's way."""

import threading
import time

import pytest

from forge.domain.metrics import TOPIC, WINDOWS
from forge.metrics import sampler as module
from forge.store.database import StoreUnavailable
from tests.unit.measuring import Measured
from tests.world import until

LOOKS = frozenset({TOPIC, "state"})


@pytest.fixture
def world(tmp_path):
    made = Measured(tmp_path)
    made.heard = []
    made.forge.bus.subscribe(lambda events: made.heard.extend(e for e in events if e.type == "metrics"))
    yield made
    made.forge.close()


def look(world, seconds=3.0, times=1):
    for _ in range(times):
        world.clock.now += seconds
        world.sampler.look()


def written(world, window="30m", subject="a1b2c3"):
    return world.forge.store.metrics.of(subject, WINDOWS[window], 0)


# ---- how often


def test_it_looks_rarely_while_nobody_does_and_often_while_somebody_does(world):
    world.run()
    look(world, times=2)
    assert world.sampler.every == module.ALONE
    world.sampler.opened(LOOKS)
    world.sampler.opened(LOOKS)
    assert world.sampler.every == module.LOOKED_AT
    world.sampler.closed(LOOKS)
    assert world.sampler.every == module.LOOKED_AT
    world.sampler.closed(LOOKS)
    assert world.sampler.every == module.ALONE


def test_readers_of_other_topics_do_not_count(world):
    look(world, times=2)
    world.sampler.opened(frozenset({"state", "deploy:1", "instance:a1b2c3"}))
    assert world.sampler.every == module.ALONE


def test_with_many_instances_looks_are_rarer(world):
    world.sampler.latest = dict.fromkeys(range(200))
    assert world.sampler.every == 80
    world.sampler.opened(LOOKS)
    assert world.sampler.every == 6
    world.sampler.closed(LOOKS)
    world.sampler.latest = dict.fromkeys(range(2000))
    assert world.sampler.every == 120


def test_somebody_who_begins_to_look_need_not_wait_for_the_next_look(world):
    look(world, times=2)
    assert world.sampler.due == module.ALONE
    world.clock.now += 10
    assert world.sampler.due == module.ALONE - 10
    world.sampler.opened(LOOKS)
    assert world.sampler.due == 0


# ---- what comes of it


def test_nothing_is_told_while_nobody_looks(world):
    world.run()
    look(world, times=3)
    assert world.heard == []
    world.sampler.opened(LOOKS)
    look(world)
    (event,) = world.heard
    assert (event.topic, event.id, event.payload["every"]) == (TOPIC, 0, module.LOOKED_AT)
    assert event.payload["instances"]["a1b2c3"] == {
        "cpu": pytest.approx(0.25), "memory": 1000, "received": 20, "sent": 10,
    }  # fmt: skip
    assert event.payload["machine"]["disk"] > 0


def test_it_writes_now_and_then_and_what_waits_can_be_read(world):
    world.run()
    look(world, times=2)
    assert len(written(world)) == 1
    look(world, times=2)
    assert [sample.subject for sample in world.sampler.waiting()] == ["", "a1b2c3"] * 2
    assert len(written(world)) == 1
    look(world, seconds=6)
    assert world.sampler.waiting() == []
    assert sum(sample.seconds for sample in written(world)) == 3 * 3 + 6


def test_old_samples_go(world):
    world.run()
    look(world, times=2)
    begin = world.clock.now
    world.clock.now += 4000
    look(world, times=2)
    assert min(sample.at for sample in written(world)) > begin


def test_samples_wait_while_the_database_cannot_be_written_but_not_without_end(world, monkeypatch):
    def refuse(_database):
        raise StoreUnavailable("The disk is full")

    monkeypatch.setattr(module, "_MOST", 6)
    world.run()
    look(world)
    with monkeypatch.context() as broken:
        broken.setattr(type(world.forge.store.database), "change", refuse)
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                look(world, seconds=30)
    assert len(world.sampler.waiting()) == 6
    look(world, seconds=30)
    assert world.sampler.waiting() == []


# ---- the thread


@pytest.fixture
def quick(world, monkeypatch):
    monkeypatch.setattr(module, "LOOKED_AT", 0.02)
    world.clock.now = 0
    world.sampler.clock = time.monotonic
    world.forge.store.database.clock = world.engine._clock = world.engine._machine._clock = time.time
    return world


def test_it_looks_by_itself_survives_mistakes_and_ends_with_forge(quick, monkeypatch):
    quick.run()
    take = quick.sampler.readings.take
    faults = [StoreUnavailable("The database is locked"), ValueError("odd")]
    looked = threading.Event()

    def stumble():
        if faults:
            raise faults.pop()
        looked.set()
        return take()

    monkeypatch.setattr(type(quick.sampler.readings), "take", lambda _self: stumble())
    quick.sampler.opened(LOOKS)
    quick.sampler.start()
    assert looked.wait(5)
    until(lambda: "a1b2c3" in quick.sampler.latest, "it was measured")
    quick.sampler.stop()
    quick.sampler.join()
    assert not any(thread.name == "metrics" for thread in threading.enumerate())
    assert quick.sampler.waiting() == []
    assert written(quick)


def test_it_is_woken_by_whoever_begins_to_look(quick):
    quick.run()
    quick.sampler.start()
    until(lambda: "a1b2c3" in quick.sampler.latest, "two looks were made soon after the start")
    calls = len(quick.engine.calls)
    time.sleep(0.1)
    assert len(quick.engine.calls) == calls  # nobody looks
    quick.sampler.opened(LOOKS)
    until(lambda: len(quick.engine.calls) > calls, "it looks again")
