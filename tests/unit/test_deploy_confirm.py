"""Seeing through the proxy that the new instance answers, and what the switch cost."""

from __future__ import annotations

import pytest

from forge.deploy import confirm, measure
from forge.domain.deploy import DeployStatus
from forge.domain.errors import Unavailable
from forge.domain.project import Health, HealthKind
from forge.ports import Answer
from tests.unit.deploying import make_world


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = make_world(tmp_path, monkeypatch)
    monkeypatch.setattr(confirm, "_FOR", 5)
    monkeypatch.setattr(measure, "EVERY", 60)  # the meter asks once, before the switch
    yield world
    world.forge.close()


def answer(status, target, milliseconds):
    return Answer(status=status, target=target, milliseconds=milliseconds)


def answering(world, *answers):
    """Let the proxy answer so, one after the other, and then as it does."""
    waiting, ask = list(answers), world.proxy.ask

    def look(route, path="/", timeout=5):
        if not waiting:
            return ask(route, path, timeout)
        given = waiting.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    world.proxy.ask = look


@pytest.fixture
def old(world):
    """The instance of dev-1, which serves."""
    world.project(health=Health(kind=HealthKind.HTTP, path="/up"))
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    world.push("dev-2")
    return world.forge.store.instances.get(deploy.instance)


def test_what_was_asked_until_the_new_one_answered_is_counted_and_kept(world, old):
    answering(
        world,
        answer(200, old.target, 40.0),  # the old one still answers: nobody is worse off
        Unavailable("Nobody listens"),
        answer(502, None, 1.0),
    )
    deploy = world.deploy("dev-2")
    assert deploy.status is DeployStatus.SUCCEEDED
    assert (deploy.measured.sent, deploy.measured.failed, deploy.measured.slowest) == (4, 2, 40.0)
    assert deploy.measured.answered_by == deploy.instance
    assert deploy.measured.switch >= 25, "two pauses, of 10 and 15 ms"
    note = world.forge.store.deploys.steps(deploy.id)[-4].note
    assert f"2 of 4 requests failed, switched in {deploy.measured.switch:.0f} ms" in note


def test_a_switch_that_was_not_seen_says_who_answered(world, old, monkeypatch):
    monkeypatch.setattr(confirm, "_FOR", 0.1)
    world.proxy.ask = lambda route, path="/", timeout=5: answer(200, old.target, 3.0)
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == (DeployStatus.FAILED, "confirm through the route")
    assert (deploy.measured.failed, deploy.measured.switch, deploy.measured.answered_by) == (0, None, old.id)
    assert deploy.measured.sent > 0


def test_who_follows_the_deploy_hears_of_it_before_its_end(world, old):
    heard = []
    world.forge.bus.subscribe(heard.extend)
    deploy = world.deploy("dev-2")
    told = [event for event in heard if event.type == "deploy_status" and event.payload["measured"]]
    assert told[0].topic == f"deploy:{deploy.id}"
    assert told[0].payload["status"] == "running"
    assert [event.payload["status"] for event in told if event.topic == "state"] == ["succeeded"]


def test_without_a_proxy_nothing_is_measured(world):
    world.project(proxy="published")
    world.push("dev-1")
    assert world.deploy("dev-1").measured is None
