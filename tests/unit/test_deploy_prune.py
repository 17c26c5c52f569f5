"""What is past keeping goes; what can be rolled back to, and what is a stranger's, stays."""

from dataclasses import replace

import pytest

from forge.domain.errors import EngineError
from tests.unit.deploying import Gate, ask, containers, live, log, make_world, many
from tests.world import stage, until


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def images(world):
    return sorted(image.partition("@")[2] for image in world.engine.present)


def test_images_that_can_be_rolled_back_to_are_kept_and_older_ones_go(world):
    """Pitfall 4."""
    world.project("shop", stage("shop", "dev", keep=2))
    deploys = live(world, "dev-1", "dev-2", "dev-3", "dev-4")
    assert images(world) == sorted(d.digest for d in deploys[1:])
    assert any(f"removed image {deploys[0].digest[:19]}" in line for line in log(world, deploys[3]))


def test_what_another_stage_keeps_or_serves_is_not_removed(world):
    world.project("shop", stage("shop", "dev", keep=1), stage("shop", "rel"))
    (first,) = live(world, "dev-1")
    world.deploy("dev-1", "rel")
    live(world, "dev-2", "dev-3", "dev-4")
    assert first.digest in images(world)


def test_what_another_project_of_the_image_keeps_is_not_removed(world):
    shop = world.project("shop", stage("shop", "dev", keep=1))
    twin = replace(shop, name="twin")
    world.forge.projects.create(twin, {}, [(stage("twin", "dev", domain="twin.net"), {})], actor="test")
    (first,) = live(world, "dev-1")
    assert world.deploy("dev-1", project="twin").ended_well
    live(world, "dev-2", "dev-3", "dev-4")
    assert first.digest in images(world)


def test_a_project_that_had_the_image_once_can_still_be_rolled_back_to_it(world):
    shop = world.project("shop", stage("shop", "dev", keep=1))
    twin = replace(shop, name="twin")
    world.forge.projects.create(twin, {}, [(stage("twin", "dev", domain="twin.net"), {})], actor="test")
    (first,) = live(world, "dev-1")
    assert world.deploy("dev-1", project="twin").ended_well
    world.push("v1", "other")
    world.forge.projects.change(replace(twin, image="registry.example/other"), {}, actor="ann")
    assert world.deploy("v1", project="twin").ended_well
    live(world, "dev-2", "dev-3", "dev-4")
    assert first.digest in images(world)


def test_the_image_of_a_failed_deploy_goes_with_the_next_success(world, gate):
    world.project()
    live(world, "dev-1")
    digest = world.push("dev-2")
    gate.breaks("bake", EngineError("no"))
    world.deploy("dev-2")
    assert digest in images(world)
    live(world, "dev-3")
    assert digest not in images(world)


def test_images_that_forge_never_deployed_are_strangers(world):
    world.project("shop", stage("shop", "dev", keep=1))
    digest = world.push("manual")
    world.engine.present.add(f"registry.example/shop@{digest}")
    live(world, "dev-1", "dev-2", "dev-3")
    assert digest in images(world)


def test_whatever_goes_wrong_in_pruning_fails_nothing_and_is_tried_again(world):
    world.project("shop", stage("shop", "dev", keep=1))
    first, second = live(world, "dev-1", "dev-2")
    world.engine.raises_before["images"] = EngineError("The disk says no")
    (third,) = live(world, "dev-3")
    assert "prune: The disk says no" in log(world, third)
    live(world, "dev-4")
    assert {first.digest, second.digest}.isdisjoint(images(world))


def test_a_forge_that_stopped_before_pruning_prunes_at_the_next_start(world, gate):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    world.engine.raises_before["remove"] = EngineError("The disk says no")
    assert world.deploy("dev-2").ended_well
    assert containers(world) == [("exited", "dev-1"), ("running", "dev-2")]
    world.restart()
    until(lambda: containers(world) == [("running", "dev-2")], "the old one was removed")
    assert world.routes() == {"dev-shop.localhost": "dev-2"}


def test_what_a_deploy_has_in_hand_is_not_pruned(world, gate):
    """A candidate serves nothing yet, and is nobody's leftover."""
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("wait until healthy")
    asked = ask(world, "dev-2")
    gate.reached("wait until healthy")
    world.forge.instances.pruner.sweep()
    assert containers(world) == [("running", "dev-1"), ("running", "dev-2")]
    gate.open("wait until healthy")
    assert world.wait(asked).ended_well


def test_beyond_the_limit_the_oldest_goes_with_its_route_and_container(world):
    world.project("shop", many("shop", limit=3))
    live(world, "a", "b", "c")
    world.forge.projects.change_stage(many("shop", limit=2), {}, actor="ann")
    live(world, "d")
    assert world.serving() == ["c", "d"]
    assert set(world.routes().values()) == {"c", "d"}
    assert containers(world) == [("running", "c"), ("running", "d")]


def test_a_proxy_that_forge_does_not_know_any_more_keeps_nothing_from_going(world):
    world.project()
    live(world, "dev-1")
    shop = world.forge.store.projects.get("shop")
    world.forge.projects.change(replace(shop, proxy="published"), {}, actor="ann")
    with world.forge.store.database.change() as change:
        change.execute("DELETE FROM connection WHERE name = 'caddy'")
    world.forge.projects.delete("shop", actor="ann")
    assert containers(world) == []


def test_a_running_instance_is_stopped_before_it_is_removed(world):
    world.project("shop", many("shop", limit=1))
    live(world, "a")
    world.engine.calls.clear()
    world.forge.instances.remove(world.forge.store.instances.present()[0].id, actor="ann")
    calls = [call for call in world.engine.calls if call in {"stop", "remove"}]
    assert calls == ["stop", "remove"]


# ---- with what is deleted


def test_the_images_of_what_is_deleted_go_but_for_what_something_else_needs(world):
    projects = world.forge.projects
    made = world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    twin = replace(made, name="twin")
    projects.create(twin, {}, [(stage("twin", "dev"), {})], actor="ann")
    first, second, third = live(world, "v1", "v2", "v3")
    world.deploy("v2", "rel")
    world.deploy("v3", project="twin")
    strangers = world.push("theirs", "shop")
    world.engine.present.add(f"registry.example/shop@{strangers}")
    on_disk = {first.digest, second.digest, third.digest, strangers}

    assert set(images(world)) == on_disk
    assert projects.would_delete_stage("shop", "dev").images == (f"registry.example/shop:v1 ({first.digest[:19]})",)
    assert len(projects.would_delete("shop").images) == 2
    assert set(images(world)) == on_disk, "looking takes nothing away"
    projects.delete_stage("shop", "dev", actor="ann")
    assert set(images(world)) == on_disk - {first.digest}
    projects.delete("shop", actor="ann")
    assert set(images(world)) == {third.digest, strangers}
    projects.delete("twin", actor="ann")
    assert set(images(world)) == {strangers}


def test_an_image_that_a_deleted_project_had_before_goes_too(world):
    projects = world.forge.projects
    made = world.project()
    live(world, "v1")
    projects.change(replace(made, image="registry.example/other"), {}, actor="ann")
    world.push("v2", "other")
    assert world.deploy("v2").ended_well
    projects.delete("shop", actor="ann")
    assert world.engine.present == set()
