"""Which digest may go on to the next stage, and why not yet, by a clock that a test turns."""

from dataclasses import replace

import pytest

from forge.deploy.promotion import Promotion
from forge.domain.deploy import DeployKind
from forge.domain.errors import Conflict, Invalid
from forge.domain.instance import InstanceStatus
from forge.domain.stage import Stage
from tests.unit.deploying import live, make_world
from tests.world import stage

WAIT = 1800


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    made.later = 0.0
    real = made.forge.store.database.clock
    made.forge.store.database.clock = lambda: real() + made.later
    yield made
    made.forge.close()


@pytest.fixture
def promotion(world):
    world.project("shop", stage("shop", "dev"), stage("shop", "prod", promote_from="dev", promote_after=WAIT))
    return Promotion(world.forge.store)


def prod(world):
    return world.forge.store.projects.stage("shop", "prod")


def change(world, **changes):
    """What dev serves is otherwise."""
    (one,) = world.forge.store.instances.serving("shop", "dev")
    with world.forge.store.database.change() as written:
        world.forge.store.instances.put(written, replace(one, **changes))


def test_a_digest_may_go_on_once_it_has_served_for_long_enough(world, promotion):
    (first,) = live(world, "dev-1")
    with pytest.raises(Conflict, match="healthily for 30 min: dev-1 has for 0 s, and may go on at") as caught:
        world.forge.requests.promote("shop", "prod", actor="ann")
    assert caught.value.code == "not_promotable"
    world.later = WAIT + 1
    promoted = world.wait(world.forge.requests.promote("shop", "prod", actor="ann"))
    assert (promoted.ended_well, promoted.kind, promoted.digest) == (True, DeployKind.PROMOTE, first.digest)
    assert world.engine.calls.count("pull") == 1, "it is there already"


@pytest.mark.parametrize("way", ["tag", "digest"])
def test_it_cannot_be_had_in_another_way_either(world, promotion, way):
    (first,) = live(world, "dev-1")
    with pytest.raises(Conflict, match="may go on at"):
        world.forge.requests.deploy("shop", "prod", actor="ann", **{way: getattr(first, way)})
    world.later = WAIT + 1
    assert world.wait(world.forge.requests.deploy("shop", "prod", actor="ann", tag="dev-1")).ended_well


def test_the_time_begins_anew_when_it_was_not_well_or_was_started_again_by_itself(world, promotion):
    live(world, "dev-1")
    world.later = 1700
    change(world, status=InstanceStatus.UNHEALTHY)
    assert "and dev-1 is unhealthy there" in promotion.of("shop")[1].next[0].obstacle
    change(world, status=InstanceStatus.RUNNING)
    world.later = WAIT + 1
    assert "has for 101 s" in promotion.of("shop")[1].next[0].obstacle
    world.later = 1700 + WAIT + 1
    assert promotion.of("shop")[1].next[0].obstacle == ""
    change(world, restarts=1)
    assert "has for 0 s" in promotion.of("shop")[1].next[0].obstacle


def test_another_digest_under_its_tag_is_refused_with_the_reason_and_so_is_a_push_of_it(world, promotion):
    (first,) = live(world, "dev-1")
    other = world.push("v1.0")
    with pytest.raises(Conflict) as caught:
        world.forge.requests.deploy("shop", "prod", tag="v1.0", actor="ann")
    said = f"shop/prod takes only what serves shop/dev, and {other[:19]} does not: dev-1 ({first.digest[:19]}) serves"
    assert caught.value.message.startswith(said)
    told = world.forge.sightings.explain("shop", "prod", "v1.0", other)
    assert (told.would, told.reason) == (False, caught.value.message)


def test_a_stage_that_demands_no_time_takes_what_serves_at_once(world):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel", promote_from="dev"))
    live(world, "dev-1")
    assert world.wait(world.forge.requests.promote("shop", "rel", actor="ann")).ended_well


def test_one_call_shows_what_is_where_since_when_and_what_may_go_on(world, promotion):
    assert [(place.stage, place.serving, place.next) for place in promotion.of("shop")] == [
        ("dev", (), ()),
        ("prod", (), ()),
    ]
    (first,) = live(world, "dev-1")
    dev, above = promotion.of("shop")
    (serves,) = dev.serving
    assert (serves.tag, serves.digest, serves.deploy) == ("dev-1", first.digest, first.id)
    assert serves.since == serves.healthy_since == first.ended
    (following,) = above.next
    assert (above.promote_from, above.promote_after, following.digest) == ("dev", WAIT, first.digest)
    assert following.at == first.ended + WAIT
    world.later = WAIT + 1
    assert (promotion.of("shop")[1].next[0].obstacle, promotion.of("shop")[1].next[0].at) == ("", None)
    world.wait(world.forge.requests.promote("shop", "prod", actor="ann"))
    assert promotion.of("shop")[1].next == (), "it is there already"


def test_several_replicas_are_one_to_promote_and_the_weakest_of_them_speaks(world):
    dev = stage("shop", "dev", replicas=2)
    world.project("shop", dev, stage("shop", "prod", promote_from="dev", promote_after=WAIT))
    live(world, "dev-1")
    promotion = Promotion(world.forge.store)
    world.later = WAIT + 1
    one, two = world.forge.store.instances.serving("shop", "dev")
    with world.forge.store.database.change() as written:
        world.forge.store.instances.put(written, replace(two, status=InstanceStatus.UNHEALTHY))
    places = {place.stage: place for place in promotion.of("shop")}
    assert [found.instance for found in places["dev"].serving] == [two.id]
    assert [found.obstacle.endswith("dev-1 is unhealthy there") for found in places["prod"].next] == [True]
    with world.forge.store.database.change() as written:
        world.forge.store.instances.put(written, replace(two, status=InstanceStatus.RUNNING))
    assert promotion.refusal(prod(world), one.digest), "it was ill a moment ago"
    world.later = 2 * WAIT + 2
    assert promotion.refusal(prod(world), one.digest) == ""


def test_only_a_promoted_stage_can_demand_time():
    with pytest.raises(Invalid) as caught:
        Stage(project="shop", name="prod", promote_after=60)
    assert list(caught.value.fields) == ["promote_after"]
