"""An image in; running."""

import pytest
from hypothesis import HealthCheck as Check
from hypothesis import given, settings
from hypothesis import strategies as st

from forge.deploy.queue import Queue
from forge.deploy.quick import suggest_stage
from forge.domain.errors import Conflict, Invalid, NotFound, Unavailable
from forge.domain.names import check_name
from forge.domain.project import Health, HealthKind, Project
from forge.domain.secret import Secret
from forge.ports import HealthCheck, ImageFacts
from tests.unit.deploying import make_world
from tests.world import HOST

IMAGE = "registry.example/acme/shop"


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    yield made
    made.forge.close()


@pytest.fixture
def quick(world):
    return world.forge.quick


def facts(**more):
    return ImageFacts(**{"id": "sha256:1", "digests": (), **more})


def test_an_image_goes_live_without_another_word(world, quick):
    world.push("dev-1", "acme/shop")
    deploy = world.wait(quick.deploy(f"{IMAGE}:dev-1", proxy="caddy", actor="ann"))
    assert deploy.ended_well
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_what_is_given_is_not_guessed(world, quick):
    world.push("v1", "acme/shop")
    deploy = quick.deploy(
        f"{IMAGE}:v1", name="store", stage="blue", port=99, health=Health(kind=HealthKind.TCP),
        environment={"A": "1"}, secrets={"KEY": Secret("value")}, actor="ann",
    )  # fmt: skip
    made = world.forge.store.projects.get("store")
    assert (deploy.stage, made.port, made.health.kind, made.environment) == ("blue", 99, "tcp", {"A": "1"})
    world.wait(deploy)
    (container,) = world.engine._machine.containers.values()
    assert container.spec.environment == {"A": "1", "KEY": Secret("value")}


def test_an_image_that_was_asked_for_by_digest_is_deployed_by_that_digest(world, quick):
    asked = world.push("latest", "acme/shop")
    world.push("latest", "acme/shop")
    deploy = world.wait(quick.deploy(f"{IMAGE}@{asked}", actor="ann"))
    assert (deploy.digest, deploy.ended_well) == (asked, True)


def test_the_same_image_again_uses_the_project_that_is_there(world, quick):
    for tag in ("dev-1", "dev-2"):
        world.push(tag, "acme/shop")
        quick.deploy(f"{IMAGE}:{tag}", name="shop", actor="ann")
    assert [project.name for project in world.forge.store.projects.all()] == ["shop"]
    world.push("v1.0.0", "acme/shop")
    quick.deploy(f"{IMAGE}:v1.0.0", name="shop", actor="ann")
    assert [s.name for s in world.forge.store.projects.stages("shop")] == ["dev", "prod"]


def test_a_name_of_another_image_is_refused(world, quick):
    world.project("shop")
    world.push("dev-1", "acme/shop")
    with pytest.raises(Invalid, match="another image"):
        quick.deploy(f"{IMAGE}:dev-1", name="shop", actor="ann")


GIVEN = {
    "port": 99,
    "health": Health(kind=HealthKind.HTTP, path="/up"),
    "proxy": "caddy",
    "environment": {"A": "1"},
    "secrets": {"KEY": Secret("p1anted")},
}


def test_the_very_same_quick_deploy_again_is_no_conflict(world, quick):
    for tag in ("dev-1", "dev-2"):
        world.push(tag, "acme/shop")
        quick.deploy(f"{IMAGE}:{tag}", **GIVEN, actor="ann")
    assert len(world.forge.store.projects.all()) == 1


@pytest.mark.parametrize(
    ("field", "value", "command"),
    [
        ("port", 100, "port=…"),
        ("health", Health(), "health.path=…"),
        ("proxy", "published", "proxy=…"),
        ("environment.A", {"A": "2"}, "environment.A=…"),
        ("environment.B", {"B": "2"}, "environment.B=…"),
        ("secrets.KEY", {"KEY": Secret("0ther")}, "--secret KEY"),
        ("secrets.MORE", {"MORE": Secret("0ther")}, "--secret MORE"),
    ],
)
def test_what_the_project_that_is_there_has_otherwise_is_refused_and_not_ignored(world, quick, field, value, command):
    world.push("dev-1", "acme/shop")
    quick.deploy(f"{IMAGE}:dev-1", **GIVEN, actor="ann")
    world.push("v1.0.0", "acme/shop")
    with pytest.raises(Conflict) as caught:
        quick.deploy(f"{IMAGE}:v1.0.0", **{field.partition(".")[0]: value}, actor="ann")
    assert list(caught.value.fields) == [field]
    assert f"`forge project set shop {command}`" in caught.value.message
    assert "0ther" not in f"{caught.value.message}{caught.value.fields}"
    assert [stage.name for stage in world.forge.store.projects.stages("shop")] == ["dev"]


def test_of_several_projects_of_an_image_none_is_taken_silently(world, quick):
    world.push("dev-1", "acme/shop")
    for name in ("blue", "green"):
        quick.deploy(f"{IMAGE}:dev-1", name=name, actor="ann")
    with pytest.raises(Conflict, match="blue, green") as caught:
        quick.deploy(f"{IMAGE}:dev-1", actor="ann")
    assert list(caught.value.fields) == ["name"]
    assert quick.deploy(f"{IMAGE}:dev-1", name="green", actor="ann").project == "green"


def test_without_an_engine_nothing_is_left_behind(world, quick):
    world.push("dev-1", "acme/shop")
    world.push("v1.0.0", "acme/shop")
    world.engine.down = True
    with pytest.raises(Unavailable):
        quick.deploy(f"{IMAGE}:dev-1", **GIVEN, actor="ann")
    assert world.forge.store.projects.all() == []
    world.engine.down = False
    quick.deploy(f"{IMAGE}:dev-1", **GIVEN, actor="ann")
    world.engine.down = True
    with pytest.raises(Unavailable):
        quick.deploy(f"{IMAGE}:v1.0.0", actor="ann")
    assert [stage.name for stage in world.forge.store.projects.stages("shop")] == ["dev"]


def test_a_deploy_that_cannot_be_queued_leaves_no_project_and_no_secret(world, quick, monkeypatch):
    world.push("dev-1", "acme/shop")

    def full(*_, **__):
        raise Conflict("No")

    monkeypatch.setattr(Queue, "add", full)
    with pytest.raises(Conflict, match="No"):
        quick.deploy(f"{IMAGE}:dev-1", **GIVEN, actor="ann")
    assert world.forge.store.projects.all() == []
    assert world.forge.store.secrets.get_all("project/shop") == {}


def test_a_project_that_waits_for_a_person_gets_no_stage_by_a_quick_deploy(world, quick):
    world.push("dev-1", "acme/shop")
    quick.create(quick.inspect(f"{IMAGE}:dev-1"), active=False, actor="webhook")
    world.push("v1.0.0", "acme/shop")
    with pytest.raises(Conflict, match="approve it first"):
        quick.deploy(f"{IMAGE}:v1.0.0", actor="ann")
    assert [stage.name for stage in world.forge.store.projects.stages("shop")] == ["dev"]


def test_an_image_that_is_not_there_makes_no_project(world, quick):
    with pytest.raises(NotFound, match="no tag dev-1"):
        quick.deploy(f"{IMAGE}:dev-1", actor="ann")
    assert world.forge.store.projects.all() == []


@pytest.mark.parametrize(
    ("told", "port", "health"),
    [
        ({}, 8080, Health()),
        ({"ports": (3000, 9000)}, 3000, Health()),
        ({"ports": (3000,), "labels": {"forge.port": "5000"}}, 5000, Health()),
        ({"labels": {"forge.port": "99999"}}, 8080, Health()),
        ({"labels": {"forge.port": "²"}}, 8080, Health()),
        ({"labels": {"forge.port": "9" * 5000}}, 8080, Health()),
        ({"labels": {"forge.health": "/up"}}, 8080, Health(kind=HealthKind.HTTP, path="/up")),
        ({"labels": {"forge.health": "/u p\n"}}, 8080, Health()),
        ({"labels": {"forge.health": "up"}}, 8080, Health()),
        ({"health_check": HealthCheck(command=("x",))}, 8080, Health(kind=HealthKind.IMAGE)),
    ],
)
def test_an_image_says_what_it_is_and_nonsense_in_its_labels_is_no_error(world, quick, told, port, health):
    digest = world.push("dev-1", "acme/shop")
    world.registry.facts[digest] = facts(**told)
    found = quick.inspect(f"{IMAGE}:dev-1")
    assert (found.port, found.health, len(found.why)) == (port, health, 3)


def test_a_name_that_leads_to_another_project_is_taken_too(world, quick):
    world.project("web", aliases=("shop",))
    world.push("dev-1", "acme/shop")
    assert quick.inspect(f"{HOST}/acme/shop:dev-1").name == "acme-shop"


def test_a_name_that_is_taken_gets_the_one_before_it_in_front(world, quick):
    for tag in range(4):
        world.push("dev-1", "acme/shop")
        found = quick.inspect(f"{IMAGE}:dev-1")
        names = ("shop", "acme-shop", "shop-2", "shop-3")
        assert found.name == names[tag]
        quick.create(found, active=False, actor="webhook")
    assert [p.active for p in world.forge.store.projects.all()] == [False] * 4


@given(
    st.from_regex(
        r"[a-z0-9]{1,30}([._-][a-z0-9]{1,30}){0,2}(/[a-z0-9]{1,40}([._-][a-z0-9]{1,9})?){0,2}", fullmatch=True
    )
)
@settings(max_examples=60, suppress_health_check=[Check.function_scoped_fixture])
def test_every_repository_has_names_that_can_be_names(world, quick, repository):
    taken = world.forge.store.projects
    first = quick._free_name(repository)
    second = _with(taken, first, lambda: quick._free_name(repository))
    assert check_name(first, "project") != check_name(second, "project")


def _with(projects, name, act):
    """`act()` while a project `name` is there."""
    all_ = projects.all
    projects.all = lambda: [Project(name=name, image="a.example/x", port=1)]
    try:
        return act()
    finally:
        projects.all = all_


@pytest.mark.parametrize(
    ("tag", "stage", "pattern"),
    [
        ("dev-12", "dev", "glob:dev-*"),
        ("1.4.2", "prod", "semver:*"),
        ("v1.4.2", "prod", "semver:*"),
        ("latest", "prod", "glob:latest"),
        ("main", "dev", "glob:main"),
        ("rc-3", "rel", "glob:rc-*"),
        ("staging", "rel", "glob:staging"),
        ("feature-x-12", "dev", "glob:feature-x-*"),
        ("something", "dev", "glob:something"),
        ("PROD_2024", "prod", "glob:PROD_*"),
    ],
)
def test_a_tag_says_its_stage(tag, stage, pattern):
    assert (suggest_stage(tag)[0], str(suggest_stage(tag)[1])) == (stage, pattern)


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True))
def test_whatever_the_tag_its_pattern_matches_it(tag):
    stage, pattern, why = suggest_stage(tag)
    assert pattern.matches(tag)
    assert check_name(stage, "stage") in why


def test_a_second_tag_of_an_image_goes_to_the_project_that_is_there(world):
    for tag in ("dev-1", "dev-2"):
        world.push(tag)
        world.wait(world.forge.quick.deploy(f"{HOST}/shop:{tag}", actor="ann"))
    assert [project.name for project in world.forge.store.projects.all()] == ["shop"]
    assert world.serving() == ["dev-2"]
