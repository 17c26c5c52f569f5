"""What people meet is watched from the first switch on, also while further replicas are still proven."""

import pytest

from forge.deploy import measure
from forge.domain.project import Health, HealthKind
from forge.domain.stage import Tolerance
from tests.unit.deploying import Gate, ask, live, make_world
from tests.world import stage, until

BETWEEN = "start 2 of 3"  # the first serves already


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    monkeypatch.setattr(measure, "EVERY", 0.01)
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def between(world, gate, share=0):
    """A deploy of dev-2 held where its first serves; the old ones, and the second one of the new."""
    health = Health(kind=HealthKind.HTTP, path="/", timeout=5)
    dev = stage("shop", "dev", replicas=3, tolerance=Tolerance(share=share, least=1))
    world.project("shop", dev, health=health)
    live(world, "dev-1")
    old = world.forge.store.instances.serving("shop", "dev")
    world.push("dev-2")
    gate.hold(BETWEEN)
    asked = ask(world, "dev-2")
    gate.reached(BETWEEN)
    second = world.forge.store.instances.of_deploy(asked.id)[1]
    world.engine.freeze(second.container)
    return asked, old, second


def test_errors_of_the_first_end_the_deploy_while_the_second_is_waited_for(world, gate):
    asked, old, _ = between(world, gate)
    world.proxy.answers = lambda target: 200 if target in {one.target for one in old} else 500
    gate.open(BETWEEN)
    deploy = world.wait(asked)
    assert (deploy.status, deploy.failed_step) == ("failed", "wait until healthy 2 of 3")
    assert "500 from the new instance" in deploy.failure
    (route,) = world.proxy.routes()
    assert set(route.targets) == {one.target for one in old}


def test_a_proxy_that_lost_the_route_is_told_who_has_it_now_and_no_candidate(world, gate):
    asked, old, second = between(world, gate, share=100)
    world.proxy.restart()
    gate.open(BETWEEN)
    until(world.proxy.routes, "it is told again")
    (route,) = world.proxy.routes()
    first = world.forge.store.instances.of_deploy(asked.id)[0]
    assert set(route.targets) == {first.target, old[1].target, old[2].target}
    world.engine.freeze(second.container, frozen=False)
    assert world.wait(asked).ended_well
