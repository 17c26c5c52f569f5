"""In place, side by side, and several tags at once."""

from dataclasses import replace

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.errors import EngineError, Invalid
from forge.domain.project import Volume, VolumeKind
from tests.unit.deploying import Gate, ask, containers, live, make_world, many
from tests.world import stage


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


# ---- in place, side by side


@pytest.mark.parametrize("why", ["publish", "exclusive"])
def test_in_place_the_old_one_stops_first_and_starts_again_when_the_new_one_fails(world, gate, why):
    """Pitfall 13: two never have the one volume, or the one port, at once."""
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
    volumes = (volume,) if why == "exclusive" else ()
    place = stage("shop", "dev", **({"publish": 25000} if why == "publish" else {}))
    world.project("shop", place, volumes=volumes)
    (first,) = live(world, "dev-1")
    assert first.strategy == "in_place"
    world.push("dev-2")
    gate.hold("stop the old")
    gate.breaks("stop the old", EngineError("Broken on purpose"))
    asked = ask(world, "dev-2")
    gate.reached("stop the old")
    assert containers(world) == [("created", "dev-2"), ("exited", "dev-1")]
    gate.open("stop the old")
    assert world.wait(asked).status is DeployStatus.FAILED
    assert containers(world) == [("running", "dev-1")]
    live(world, "dev-3")
    assert containers(world) == [("running", "dev-3")]


@pytest.mark.parametrize("publish", [None, 25000])
def test_what_a_person_stopped_is_not_started_by_a_failing_deploy(world, gate, publish):
    world.project("shop", stage("shop", "dev", publish=publish))
    live(world, "dev-1")
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    world.forge.instances.stop(instance.id, actor="ann")
    world.push("dev-2")
    gate.breaks("bake", EngineError("Broken on purpose"))
    assert world.deploy("dev-2").status is DeployStatus.FAILED
    assert containers(world) == [("exited", "dev-1")]
    after = world.forge.store.instances.get(instance.id)
    assert (after.wanted, after.serving) == (False, True)


# ---- several at once


def test_each_tag_has_its_own_domain_and_beyond_the_limit_the_oldest_goes(world):
    world.project("shop", many("shop", limit=2))
    live(world, "a", "b")
    assert world.routes() == {"dev-shop-a.localhost": "a", "dev-shop-b.localhost": "b"}
    live(world, "c")
    assert world.routes() == {"dev-shop-b.localhost": "b", "dev-shop-c.localhost": "c"}
    assert containers(world) == [("running", "b"), ("running", "c")]


def test_the_same_tag_again_replaces_only_its_own(world):
    world.project("shop", many("shop", limit=3))
    live(world, "a", "b")
    before = {i.tag: i.id for i in world.forge.store.instances.serving("shop", "dev")}
    live(world, "a")
    after = {i.tag: i.id for i in world.forge.store.instances.serving("shop", "dev")}
    assert after["b"] == before["b"]
    assert after["a"] != before["a"]
    assert containers(world) == [("running", "a"), ("running", "b")]


def test_tags_that_collide_after_they_are_cut_are_told_and_nothing_is_taken(world):
    world.project("shop", many("shop", limit=3))
    live(world, "v1.0")
    world.push("v1_0")
    deploy = world.deploy("v1_0")
    assert (deploy.status, deploy.failed_step) == ("failed", "note what serves")
    assert "dev-shop-v1-0.localhost already leads to shop/dev (v1.0)" in deploy.failure
    assert world.routes() == {"dev-shop-v1-0.localhost": "v1.0"}


def test_rolling_back_to_a_time_of_one_instance_does_not_remove_the_others(world):
    world.project()
    (first,) = live(world, "old")
    world.forge.projects.change_stage(many("shop", limit=3), {}, actor="ann")
    live(world, "a", "b")
    world.wait(world.forge.requests.rollback("shop", "dev", deploy=first.id, actor="ann"))
    assert sorted(world.serving()) == ["a", "b", "old"]


def test_an_exclusive_volume_allows_one_instance(world):
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
    with pytest.raises(Invalid) as caught:
        world.project("shop", stage("shop", "dev", max_instances=2), volumes=(volume,))
    assert "max_instances" in caught.value.fields


def test_rolling_back_is_in_place_once_a_volume_is_exclusive(world):
    project = world.project()
    live(world, "dev-1", "dev-2")
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
    world.forge.projects.change(replace(project, volumes=(volume,)), {}, actor="ann")
    back = world.wait(world.forge.requests.rollback("shop", "dev", actor="ann"))
    assert (back.strategy, back.status) == ("in_place", "succeeded")
