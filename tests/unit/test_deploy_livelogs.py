"""Live logs of instances: followed while somebody looks, and not a second longer."""

import threading
from dataclasses import replace

import pytest

from forge.bus import Bus
from forge.deploy.livelogs import publish_lines
from forge.ports import LogLine
from tests.unit.deploying import live, make_world
from tests.world import until


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    until(lambda: made.engine.open_streams == 1, "the engine's events are followed")
    yield made
    made.forge.close()


def one(world):
    world.project()
    live(world, "dev-1")
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    return instance


def test_lines_go_out_as_events_that_are_not_kept():
    bus, seen = Bus(), []
    bus.subscribe(seen.extend)
    publish_lines(bus)("a1b2c3", [LogLine(at=5.0, stream="err", text="oops")])
    (event,) = seen
    assert (event.type, event.topic, event.id, event.at) == ("instance_log", "instance:a1b2c3", 0, 5.0)
    assert event.payload == {"instance": "a1b2c3", "at": 5.0, "stream": "err", "text": "oops"}


def test_no_stream_of_the_engine_is_open_when_nobody_looks(world):
    """Pitfall 33: two look, one leaves, the other leaves."""
    instance = one(world)
    topic = frozenset({f"instance:{instance.id}", "state", "deploy:1"})
    world.forge.logs.opened(topic)
    world.forge.logs.opened(topic)
    until(lambda: world.engine.open_streams == 2, "one log is followed for both")
    world.forge.logs.closed(topic)
    assert world.engine.open_streams == 2
    world.forge.logs.closed(topic)
    until(lambda: world.engine.open_streams == 1, "nobody looks")
    world.forge.logs.closed(topic)
    assert world.forge.logs._releases == {}


def test_what_is_written_while_somebody_looks_is_published(world):
    instance = one(world)
    heard = threading.Event()
    texts = []

    def hear(events):
        texts.extend(e.payload["text"] for e in events if e.type == "instance_log")
        if "hello" in texts:
            heard.set()

    world.forge.bus.subscribe(hear)
    world.forge.logs.opened(frozenset({f"instance:{instance.id}"}))
    world.engine.write(instance.container, "hello")
    assert heard.wait(5)


def test_an_instance_that_is_not_there_has_nothing_to_follow(world):
    instance = one(world)
    world.forge.instances.remove(instance.id, actor="ann")
    topics = frozenset({"instance:zzzzzz", f"instance:{instance.id}", "instance:"})
    world.forge.logs.opened(topics)
    assert world.engine.open_streams == 1
    world.forge.logs.closed(topics)


def test_closing_forge_ends_every_log(world):
    instance = one(world)
    world.forge.logs.opened(frozenset({f"instance:{instance.id}"}))
    world.forge.close()
    until(lambda: world.engine.open_streams == 0, "every stream is closed")
    world.forge = world.compose()


def test_a_reader_who_came_before_the_container_does_not_end_anothers_log(world):
    instance = one(world)
    topic = frozenset({f"instance:{instance.id}"})
    with world.forge.store.database.change() as change:
        world.forge.store.instances.put(change, replace(instance, container=None))
    world.forge.logs.opened(topic)
    with world.forge.store.database.change() as change:
        world.forge.store.instances.put(change, instance)
    world.forge.logs.opened(topic)
    until(lambda: world.engine.open_streams == 2, "its log is followed")
    world.forge.logs.closed(topic)
    world.forge.logs.closed(topic)
    assert world.forge.logs._releases == {}
    until(lambda: world.engine.open_streams == 1, "nobody looks")
