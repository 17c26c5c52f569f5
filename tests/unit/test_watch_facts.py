"""What a decision rests on."""

import pytest

from forge.domain.image import parse_image
from forge.domain.sighting import Decision
from forge.domain.stage import Update, UpdateMode
from tests.unit.watching import IMAGE, World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.database.close()


def watchers(world, text):
    name, projects = world.service.facts.watchers(parse_image(text))
    return name, [project.name for project in projects]


def test_who_watches_an_image_is_found_by_its_name(world):
    world.project("shop")
    world.project("shop-two")
    world.project("other", "elsewhere.example.org/acme/shop")
    assert watchers(world, f"{IMAGE}:1") == (IMAGE, ["shop", "shop-two"])


def test_with_another_host_the_only_image_of_that_path_is_meant(world):
    world.project("shop")
    world.project("shop-two")
    assert watchers(world, "behind-a-proxy:5000/acme/shop:1") == (IMAGE, ["shop", "shop-two"])


def test_with_another_host_and_two_images_of_that_path_nobody_is_meant(world):
    world.project("shop")
    world.project("other", "elsewhere.example.org/acme/shop")
    assert watchers(world, "behind-a-proxy:5000/acme/shop:1") == ("behind-a-proxy:5000/acme/shop", [])


def test_what_a_slot_is_to_serve_is_its_coming_deploy_before_what_serves(world):
    stage = world.shop()
    digest = world.registry.push("acme/shop", "dev-1")
    facts = world.service.facts
    assert facts.case(world.store.projects.get("shop"), stage, "dev-1", digest, now=0).target == ""
    world.service.look(parse_image(f"{IMAGE}:dev-1"))
    case = facts.case(world.store.projects.get("shop"), stage, "dev-2", digest, now=0)
    assert (case.target, case.target_said) == (digest, "Deploy #1 brings this image to shop/dev already")
    world.live(world.deploys()[0])
    case = facts.case(world.store.projects.get("shop"), stage, "dev-2", digest, now=0)
    assert (case.target, case.target_said) == (digest, "shop/dev serves this image already (as dev-1)")


def test_a_deploy_that_is_being_cancelled_brings_nothing(world):
    stage = world.shop()
    digest = world.registry.push("acme/shop", "dev-1")
    world.service.look(parse_image(f"{IMAGE}:dev-1"))
    with world.store.database.change() as change:
        world.store.deploys.begin(change, world.deploys()[0])
        world.store.deploys.ask_cancel(change, 1)
    case = world.service.facts.case(world.store.projects.get("shop"), stage, "dev-1", digest, now=0)
    assert case.target == ""


def test_each_tag_has_its_own_slot_where_several_may_run(world):
    stage = world.shop(max_instances=3)
    digest = world.registry.push("acme/shop", "dev-1")
    world.service.look(parse_image(f"{IMAGE}:dev-1"))
    world.live(world.deploys()[0])
    project = world.store.projects.get("shop")
    assert world.service.facts.case(project, stage, "dev-1", digest, now=0).target == digest
    assert world.service.facts.case(project, stage, "dev-2", digest, now=0).target == ""


@pytest.mark.parametrize(("tag", "newer"), [("1.9.0", "1.10.0"), ("1.10.0", None), ("1.11.0", None)])
def test_versions_never_go_down_by_themselves(world, tag, newer):
    stage = world.shop(pattern="semver:1.x")
    world.registry.push("acme/shop", "1.10.0")
    world.service.look(parse_image(f"{IMAGE}:1.10.0"))
    project = world.store.projects.get("shop")
    assert world.service.facts.case(project, stage, tag, "sha256:" + "f" * 64, now=0).newer == newer
    world.live(world.deploys()[0])
    assert world.service.facts.case(project, stage, tag, "sha256:" + "f" * 64, now=0).newer == newer


def test_a_waiting_version_counts_as_one_that_is_newer(world):
    stage = world.shop(pattern="semver:1.x", update=Update(mode=UpdateMode.ASK))
    world.registry.push("acme/shop", "1.10.0")
    world.registry.push("acme/shop", "1.9.0")
    for tag in ("1.10.0", "1.9.0"):
        world.service.look(parse_image(f"{IMAGE}:{tag}"))
    latest = world.store.sightings.latest("shop", stage.name)
    assert {tag: seen.decision for tag, seen in latest.items()} == {
        "1.10.0": Decision.WAITING,
        "1.9.0": Decision.SUPERSEDED,
    }
