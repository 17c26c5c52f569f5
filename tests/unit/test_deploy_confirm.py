"""Confirming a switch: who is seen to answer through the proxy, and what is done if nobody is."""

from __future__ import annotations

import pytest

from forge.deploy import confirm
from forge.domain.deploy import DeployStatus
from forge.domain.errors import ProxyError
from forge.domain.project import Health, HealthKind
from tests.unit.deploying import live, make_world


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    yield made
    made.forge.close()


def test_a_proxy_that_keeps_the_dead_address_is_told_again(world, monkeypatch):
    """Pitfall 24."""
    monkeypatch.setattr(confirm, "_FOR", 0.5)
    world.project()
    live(world, "dev-1")
    lost, point = [], world.proxy.point

    def forgets(route, *, again=False):
        if again:
            point(route, again=True)
        lost.append(route)

    world.proxy.point = forgets
    world.push("dev-2")
    assert world.deploy("dev-2").status is DeployStatus.SUCCEEDED
    assert len(lost) == 2
    assert lost[0] == lost[1]


@pytest.mark.parametrize(
    ("status", "wanted"), [(None, "failed"), (500, "failed"), (404, "succeeded"), (200, "succeeded")]
)
def test_the_answer_through_the_route_must_come_from_the_new_one_and_be_well(world, status, wanted):
    world.project(health=Health(kind=HealthKind.HTTP, path="/up"))
    world.proxy.answers = lambda _: status
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert deploy.status.value == wanted
    if wanted == "failed":
        assert deploy.failed_step == "confirm through the route"
        assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is None


def test_a_server_error_of_a_path_nobody_named_is_no_fault(world):
    world.project()
    world.proxy.answers = lambda _: 500
    live(world, "dev-1")


def test_it_is_asked_less_and_less_often(world, monkeypatch):
    monkeypatch.setattr(confirm, "_FOR", 3)
    pauses, wait = [], confirm.Run.wait
    monkeypatch.setattr(confirm.Run, "wait", lambda run, seconds: [pauses.append(seconds), wait(run, 0)])
    world.project()
    world.proxy.answers = lambda _: 200 if len(asked()) > 8 else None

    def asked():
        return [pause for pause in pauses if pause >= 0.1]

    live(world, "dev-1")
    assert asked()[:3] == pytest.approx([0.1, 0.15, 0.225])
    assert max(asked()[:8]) == 1


def test_what_has_to_be_prepared_for_the_route_is_said_before_anything_is_made(world):
    world.project(route={})
    world.proxy.prepares = lambda route: f"a certificate for {route.domain}"
    (deploy,) = live(world, "dev-1")
    steps = {step.name: step.note for step in world.forge.store.deploys.steps(deploy.id)}
    assert steps["prepare the route"] == "a certificate for dev-shop.localhost"


def test_what_cannot_be_prepared_costs_nobody_anything(world):
    def refuse(_route):
        raise ProxyError("no certificate today")

    world.project()
    world.proxy.prepares = refuse
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failed_step) == (DeployStatus.FAILED, "prepare the route")
    assert "create" not in world.engine.calls
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is None
