"""A running Forge: it starts without waiting for anybody, and ends quickly with nothing left over."""

import threading
import time

import pytest

from tests.fake_engine import Behaviour
from tests.unit.deploying import ask, begun, live, make_world, reach
from tests.world import until


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    yield made
    made.forge.close()


def ours():
    names = ("deploy", "follow", "poller", "webhook", "metrics", "forge-log")
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(names)]


def test_closing_with_a_deploy_that_waits_for_health_ends_within_two_seconds(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2", behaviour=Behaviour(healthy_after=None))
    asked = ask(world, "dev-2")
    begun(world, asked, "wait until healthy")
    began = time.monotonic()
    world.restart()
    assert time.monotonic() - began < 2
    reach(world, asked, "failed")
    assert world.serving() == ["dev-1"]


def test_closing_leaves_no_thread_and_no_open_stream(world):
    world.project()
    live(world, "dev-1")
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    world.forge.logs.opened(frozenset({f"instance:{instance.id}"}))
    world.forge.close()
    until(lambda: ours() == [], f"every thread has ended: {ours()}")
    assert world.engine.open_streams == 0
    world.forge = world.compose()


def test_starting_waits_for_nobody(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch, start=False)
    made.engine.down = made.registry.down = made.proxy.down = True
    began = time.monotonic()
    made.forge.start()
    assert time.monotonic() - began < 0.5
    until(lambda: {part.name for part in made.forge.faults()} == {"local", "caddy"}, "both are told")
    made.engine.down = made.registry.down = made.proxy.down = False
    made.forge.close()


def test_closing_with_everything_away_is_quick_too(world):
    world.project()
    live(world, "dev-1")
    world.engine.down = world.registry.down = world.proxy.down = True
    until(lambda: len(world.forge.faults()) >= 1, "it is told")
    began = time.monotonic()
    world.forge.close()
    assert time.monotonic() - began < 2
    world.engine.down = world.registry.down = world.proxy.down = False
    world.forge = world.compose()


def test_faults_are_the_parts_that_do_not_answer_now(world):
    until(lambda: world.forge.parts.parts() != (), "the parts are known")
    assert world.forge.faults() == ()
    world.forge.parts.tell("registry", "example", "The login is refused")
    (part,) = world.forge.faults()
    assert (part.kind, part.fault) == ("registry", "The login is refused")


def test_the_folder_is_free_after_closing(world):
    world.forge.close()
    world.forge = world.compose()
    assert world.forge.store.projects.all() == []
