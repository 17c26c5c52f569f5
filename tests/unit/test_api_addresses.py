"""Events about instances, with the address where people reach them."""

from __future__ import annotations

import json
from dataclasses import replace

from forge.api.addresses import addressed
from tests.api_world import world_fixture  # noqa: F401


def told(world):
    """The payloads of instance_status on the stream so far."""
    ring = world.context.hub.ring
    _, data = ring.batch(1, frozenset({"state"}))
    frames = [json.loads(line[6:]) for line in data.decode().splitlines() if line.startswith("data: ")]
    return [frame["payload"] for frame in frames if frame["type"] == "instance_status"]


def put(world, instance, **changes):
    with world.runtime.store.database.change() as change:
        return world.runtime.store.instances.put(change, replace(instance, **changes))


def test_the_stream_tells_the_address_while_it_serves(world):
    world.make_shop(proxy="edge")
    instance = put(world, world.add_instance(), domain="dev-shop.localhost")
    (shown,) = world.ask("GET", "/api/projects/shop/stages/dev/instances").json
    put(world, instance, serving=False)
    assert "dev-shop.localhost" in shown["url"]
    assert [payload["url"] for payload in told(world)] == ["http://localhost:20001", shown["url"], None]


def test_what_is_replayed_has_it_too(world):
    world.make_shop()
    world.add_instance()
    body = iter(world.ask("GET", "/api/events?topics=state@0", buffered=False).response)
    assert b"instance_status" not in next(body)  # hello
    assert b'"url":"http://localhost:20001"' in next(body)


def test_of_a_project_that_is_gone_there_is_none_and_others_are_left_alone(world):
    world.make_shop()
    world.add_instance()
    events = world.runtime.store.events.after("state", 0, 99)
    with world.runtime.store.database.change() as change:
        world.runtime.store.projects.delete(change, "shop", "ada")
    made, *_, last = addressed(world.runtime, events)
    assert made == events[0]
    assert last.payload["url"] is None
