"""Leading people to the candidate, and seeing that it answers."""

import pytest

from forge.deploy import confirm
from forge.domain.deploy import DeployStatus
from forge.domain.project import Health, HealthKind
from tests.unit.deploying import Gate, live, make_world


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def test_a_strangers_route_is_told_and_left_alone(world):
    world.project()
    world.proxy.strangers["dev-shop.localhost"] = None
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failed_step) == ("failed", "switch route")
    assert "Another route already answers" in deploy.failure


def test_the_old_one_is_stopped_only_after_the_new_one_was_seen_through_the_proxy(world):
    """Pitfall 2."""
    world.project()
    live(world, "dev-1")
    (old,) = world.forge.store.instances.serving("shop", "dev")
    seen = []
    ask_proxy = world.proxy.ask

    def look(route, path="/", timeout=5):
        seen.append(world.engine.inspect(old.container).status)
        return ask_proxy(route, path, timeout)

    world.proxy.ask = look
    live(world, "dev-2")
    assert set(seen) == {"running"}


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


def test_without_a_proxy_people_reach_it_at_a_port(world):
    world.project("shop", proxy="published")
    (deploy,) = live(world, "dev-1")
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    assert instance.domain is None
    assert {s.name: s.note for s in world.forge.store.deploys.steps(deploy.id)}["switch route"] == (
        f"no proxy: people reach it at {instance.target}"
    )
    assert world.proxy.routes() == ()
