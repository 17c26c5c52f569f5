"""The bake: what people would meet takes an instance back, without a person, to the one that still runs."""

import pytest

from forge.deploy import measure
from forge.domain.project import Health
from forge.domain.stage import Tolerance
from tests.unit.deploying import EXCLUSIVE, ask, begun, live, log, make_world, status
from tests.world import stage, until

STRICT = Tolerance(share=0, least=1)
NEVER = Tolerance(share=100, least=1)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "EVERY", 0.01)
    made = make_world(tmp_path, monkeypatch)
    yield made
    made.forge.close()


def baking(world, bake=30, **more):
    """A deploy of dev-2 in its bake, dev-1 behind it, and the new one's target."""
    project = {"health": Health(path="/up"), **more.pop("project", {})}
    world.project("shop", stage("shop", "dev", bake=bake, **more), **project)
    live(world, "dev-1")
    before = world.routes()
    world.push("dev-2")
    asked = ask(world, "dev-2")
    begun(world, asked, "bake")
    (route,) = world.proxy.routes()
    return asked, before, route.target


def answers(world, target, status):
    world.proxy.answers = lambda asked: status if asked == target else 200


@pytest.mark.parametrize(("status", "said"), [(500, "500 from the new instance"), (None, "502 from the proxy itself")])
def test_errors_through_the_proxy_take_it_back_to_the_old_one_which_never_stopped(world, status, said):
    asked, before, new = baking(world)
    stops = world.engine.calls.count("stop")
    answers(world, new, status)
    deploy = world.wait(asked)
    assert (deploy.status, deploy.failed_step) == ("failed", "bake")
    assert deploy.failure.endswith(f"requests through the proxy failed: {said}")
    assert (world.routes(), world.serving()) == (before, ["dev-1"])
    assert world.engine.calls.count("stop") == stops + 1, "the new one, while it was taken back"
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest), "it is not tried again by itself"
    assert f"a request through the proxy failed: {said}" in log(world, deploy)


def test_how_much_is_tolerated_is_the_stages_to_say(world):
    asked, _, new = baking(world, bake=0.5, tolerance=NEVER)
    answers(world, new, 500)
    assert world.wait(asked).ended_well
    told = next(line for line in log(world, asked) if line.startswith("bake: well for 0 s; "))
    assert not told.startswith("bake: well for 0 s; 0 of"), "what failed is said all the same"


def test_a_single_failure_is_enough_where_none_is_tolerated(world):
    asked, _, new = baking(world, tolerance=STRICT)
    statuses = iter([500])
    world.proxy.answers = lambda target: next(statuses, 200) if target == new else 200
    assert world.wait(asked).failed_step == "bake"


def test_a_proxy_that_was_started_anew_is_told_the_route_again_and_costs_no_deploy(world):
    asked, _, new = baking(world, bake=1, tolerance=NEVER)
    world.proxy.restart()
    assert world.wait(asked).ended_well
    assert [route.target for route in world.proxy.routes()] == [new]


def test_a_route_that_stays_lost_takes_it_back_and_the_image_is_not_blamed(world):
    asked, *_ = baking(world)
    point, world.proxy.point = world.proxy.point, lambda route: None
    world.proxy.restart()
    begun(world, asked, "bake")
    until(lambda: status(world, asked) != "running", "it is taken back")
    world.proxy.point = point
    deploy = world.wait(asked)
    assert deploy.failure.endswith("404 from the proxy itself")
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is None


def test_a_proxy_that_is_away_for_a_moment_costs_no_deploy(world):
    asked, _, new = baking(world, bake=1, tolerance=STRICT)
    world.proxy.down = True
    until(lambda: any("does not answer" in line for line in log(world, asked)), "it is noticed")
    world.proxy.down = False
    assert world.wait(asked).ended_well
    assert [route.target for route in world.proxy.routes()] == [new]


@pytest.mark.parametrize("bake", [0, 0.3])
def test_the_figures_of_the_switch_are_told(world, bake):
    asked, _, _ = baking(world, bake=bake)
    assert world.wait(asked).ended_well
    said = [line for line in log(world, asked) if line.startswith("bake: ")]
    assert len(said) == 1
    assert "; 0 of " in said[0]
    assert " requests failed, switched in " in said[0]


def test_where_nothing_served_nothing_is_waited_for(world):
    world.project("shop", stage("shop", "dev", bake=3600))
    (deploy,) = live(world, "dev-1")
    assert any(line.startswith("bake: nothing served before that one could go back to") for line in log(world, deploy))


def test_without_a_proxy_its_health_alone_is_watched(world):
    world.project("shop", stage("shop", "dev", bake=0.1), proxy="published")
    live(world, "dev-1")
    (second,) = live(world, "dev-2")
    assert "bake: well for 0 s" in log(world, second)


def test_in_place_what_failed_while_nothing_could_serve_takes_nothing_back(world):
    asked, _, _ = baking(world, bake=0.3, tolerance=STRICT, project={"volumes": (EXCLUSIVE,)})
    assert world.wait(asked).ended_well


def test_nobody_asks_any_more_once_the_deploy_is_over(world):
    asked, _, _ = baking(world, bake=0.1)
    world.wait(asked)
    asks = world.proxy.calls.count(("ask", "dev-shop.localhost", "/up"))
    world.forge.close()
    assert world.proxy.calls.count(("ask", "dev-shop.localhost", "/up")) - asks <= 1
