"""What people may ask for, and what they are told when it cannot be."""

from dataclasses import replace

import pytest

from forge.deploy.queue import environment_place
from forge.domain.deploy import DeployKind, DeployStatus
from forge.domain.errors import Conflict, EngineError, Invalid, NotFound, RegistryError, Unavailable
from forge.domain.project import Health
from forge.domain.secret import Secret
from tests.unit.deploying import Gate, ask, containers, live, make_world, many, status
from tests.world import stage


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


@pytest.fixture
def requests(world):
    return world.forge.requests


def three_stages(world):
    world.project(
        "shop",
        stage("shop", "dev"),
        stage("shop", "rel", promote_from="dev"),
        stage("shop", "prod", promote_from="rel"),
    )


def test_a_tag_or_a_digest_is_asked_for_not_both(world, requests):
    world.project()
    digest = world.push("dev-1")
    for more in ({}, {"tag": "dev-1", "digest": digest}):
        with pytest.raises(Invalid, match="a tag or a digest"):
            requests.deploy("shop", "dev", actor="ann", **more)


@pytest.mark.parametrize(
    ("more", "error"),
    [({"tag": "no tag"}, Invalid), ({"tag": "gone"}, NotFound), ({"digest": "sha256:12"}, Invalid)],
)
def test_what_cannot_be_deployed_is_refused_before_it_is_queued(world, requests, more, error):
    world.project()
    with pytest.raises(error):
        requests.deploy("shop", "dev", actor="ann", **more)
    assert world.forge.store.deploys.page() == []


@pytest.mark.parametrize(("project", "name"), [("shop", "rel"), ("cart", "dev")])
def test_what_is_not_there_is_not_found(world, requests, project, name):
    world.project()
    with pytest.raises(NotFound):
        requests.deploy(project, name, tag="dev-1", actor="ann")


def test_a_project_that_waits_for_a_person_is_not_deployed(world, requests):
    world.project(active=False)
    world.push("dev-1")
    with pytest.raises(Conflict, match="approve it first"):
        requests.deploy("shop", "dev", tag="dev-1", actor="ann")
    world.forge.sightings.approve_project("shop", "ann")
    assert world.deploy("dev-1").status is DeployStatus.SUCCEEDED


def test_a_registry_that_is_away_is_said_at_once(world, requests):
    world.project()
    world.registry.down = True
    with pytest.raises(Unavailable):
        requests.deploy("shop", "dev", tag="dev-1", actor="ann")


def test_what_was_asked_for_is_what_the_tag_meant_then(world, gate):
    """A tag that moves while the deploy waits changes nothing."""
    world.project()
    then = world.push("latest")
    gate.hold("resolve digest")
    asked = ask(world, "latest")
    gate.reached("resolve digest")
    world.push("latest")
    gate.open("resolve digest")
    world.wait(asked)
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    assert instance.digest == then


def test_a_deploy_by_digest_is_said_by_the_tag_that_it_was_deployed_by(world, requests):
    world.project()
    first, _ = live(world, "dev-1", "dev-2")
    again = world.wait(requests.deploy("shop", "dev", digest=first.digest, actor="ann"))
    assert (again.tag, again.digest) == ("dev-1", first.digest)


# ---- roll back


def test_rolling_back_deploys_the_digest_and_the_configuration_and_the_secrets_as_they_were(world, requests):
    """Pitfall 4."""
    projects = world.forge.projects
    made = world.project(environment={"COLOUR": "blue"})
    projects.change(replace(made, secrets=("KEY",)), {"KEY": Secret("first-value")}, actor="ann")
    live(world, "dev-1")
    changed = replace(made, secrets=("KEY",), environment={"COLOUR": "red"}, health=Health(timeout=9))
    projects.change(changed, {"KEY": Secret("second-value")}, actor="ann")
    live(world, "dev-2")
    pulls = world.engine.calls.count("pull")
    world.registry.push("shop", "dev-1")  # the tag means something else by now
    back = world.wait(requests.rollback("shop", "dev", actor="ann"))
    assert (back.status, back.kind, back.tag, back.source) == ("succeeded", DeployKind.ROLLBACK, "dev-1", 1)
    (container,) = world.engine._machine.containers.values()
    assert container.spec.environment == {"COLOUR": "blue", "KEY": Secret("first-value")}
    assert container.spec.image.endswith(back.digest)
    assert world.engine.calls.count("pull") == pulls
    assert world.forge.projects.store.projects.get("shop") == changed


def test_what_can_be_rolled_back_to_needs_no_registry(world, requests):
    world.project(registry="example")
    live(world, "dev-1", "dev-2")
    shop = world.forge.store.projects.get("shop")
    world.forge.projects.change(replace(shop, registry=None), {}, actor="ann")
    with world.forge.store.database.change() as change:
        change.execute("DELETE FROM connection WHERE name = 'example'")
    world.registry.down = True
    assert world.wait(requests.rollback("shop", "dev", actor="ann")).status is DeployStatus.SUCCEEDED
    assert world.serving() == ["dev-1"]


def test_what_is_past_keeping_is_refused_not_deployed_without_its_secrets(world, requests):
    made = world.project("shop", stage("shop", "dev", keep=1))
    world.forge.projects.change(replace(made, secrets=("KEY",)), {"KEY": Secret("value")}, actor="ann")
    first, second, _ = live(world, "dev-1", "dev-2", "dev-3")
    with pytest.raises(Conflict) as raised:
        requests.rollback("shop", "dev", deploy=first.id, actor="ann")
    assert raised.value.code == "past_keeping"
    assert world.wait(requests.rollback("shop", "dev", deploy=second.id, actor="ann")).ended_well


def test_a_deploy_of_a_former_life_of_the_project_is_not_rolled_back_to(world, requests):
    world.project()
    (first,) = live(world, "dev-1")
    world.forge.projects.delete("shop", actor="ann")
    world.project()
    live(world, "dev-2")
    with pytest.raises(Conflict, match="no earlier"):
        requests.rollback("shop", "dev", actor="ann")
    with pytest.raises(Conflict, match="past keeping"):
        requests.rollback("shop", "dev", deploy=first.id, actor="ann")


def test_only_what_went_live_in_this_stage_can_be_rolled_back_to(world, requests, gate):
    """Pitfall 28."""
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    world.project("cart")
    live(world, "dev-1")
    (elsewhere,) = live(world, "v1", stage="rel")
    (others,) = live(world, "v1", project="cart")
    world.push("dev-2")
    gate.breaks("bake", EngineError("no"))
    failed = world.deploy("dev-2")
    for deploy in (elsewhere, others):
        with pytest.raises(NotFound):
            requests.rollback("shop", "dev", deploy=deploy.id, actor="ann")
    with pytest.raises(Conflict, match="only one that went live"):
        requests.rollback("shop", "dev", deploy=failed.id, actor="ann")


def test_rolling_back_again_goes_further_back_never_forward(world, requests):
    world.project()
    live(world, "dev-1", "dev-2", "dev-3", "dev-4")
    for tag in ("dev-3", "dev-2", "dev-1"):
        assert world.wait(requests.rollback("shop", "dev", actor="ann")).ended_well
        assert world.serving() == [tag]
    with pytest.raises(Conflict, match="no earlier"):
        requests.rollback("shop", "dev", actor="ann")


def test_after_a_deploy_rolling_back_goes_to_what_served_before_it_then_further(world, requests):
    world.project()
    live(world, "dev-1", "dev-2", "dev-3")
    back = world.wait(requests.rollback("shop", "dev", actor="ann"))
    live(world, "dev-4")
    assert world.wait(requests.rollback("shop", "dev", actor="ann")).source == back.id
    assert world.wait(requests.rollback("shop", "dev", actor="ann")).source == 1
    assert world.serving() == ["dev-1"]


def test_where_several_serve_the_deploy_to_roll_back_to_must_be_named(world, requests):
    world.project("shop", many("shop"))
    first, second = live(world, "a", "b")
    with pytest.raises(Conflict, match="name the deploy to roll back to") as raised:
        requests.rollback("shop", "dev", actor="ann")
    assert (raised.value.code, raised.value.fields) == ("which_deploy", {"deploy": "name one"})
    live(world, "b")  # pushed again: the same tag's digest before is the one
    assert world.wait(requests.rollback("shop", "dev", actor="ann")).source == second.id
    assert world.wait(requests.rollback("shop", "dev", deploy=first.id, actor="ann")).ended_well


def test_a_stage_that_ran_several_at_once_before_says_so_too(world, requests):
    world.project("shop", many("shop"))
    _, second = live(world, "a", "b")
    world.forge.projects.change_stage(stage("shop", "dev"), {}, actor="ann")
    live(world, "c")
    with pytest.raises(Conflict, match="name the deploy to roll back to"):
        requests.rollback("shop", "dev", actor="ann")
    assert world.wait(requests.rollback("shop", "dev", deploy=second.id, actor="ann")).ended_well
    assert world.serving() == ["b"]


def test_where_nothing_serves_there_is_nothing_to_roll_back(world, requests):
    world.project()
    with pytest.raises(Conflict, match="Nothing serves"):
        requests.rollback("shop", "dev", actor="ann")


# ---- promote


def test_promoting_deploys_the_digest_that_serves_without_a_second_pull(world, requests):
    three_stages(world)
    (dev,) = live(world, "v1")
    world.registry.push("shop", "v1")  # the tag means something else by now
    world.registry.calls.clear()
    rel = world.wait(requests.promote("shop", "rel", actor="ann"))
    assert (rel.status, rel.kind, rel.digest, rel.tag, rel.source) == ("succeeded", "promote", dev.digest, "v1", dev.id)
    assert world.engine.calls.count("pull") == 1
    assert world.registry.calls == []


def test_a_stage_takes_only_a_digest_that_serves_where_it_is_promoted_from(world, requests):
    three_stages(world)
    live(world, "v1")
    other = world.push("v2")
    for more in ({"tag": "v2"}, {"digest": other}):
        with pytest.raises(Conflict) as raised:
            requests.deploy("shop", "rel", actor="ann", **more)
        assert raised.value.code == "not_promotable"
    assert world.wait(requests.deploy("shop", "rel", tag="v1", actor="ann")).ended_well
    with pytest.raises(Conflict):
        requests.deploy("shop", "prod", tag="v2", actor="ann")


def test_promoting_what_does_not_serve_is_refused(world, requests):
    three_stages(world)
    with pytest.raises(Conflict, match="nothing serves shop/dev"):
        requests.promote("shop", "rel", actor="ann")
    live(world, "v1")
    with pytest.raises(Conflict, match="v2 does not serve"):
        requests.promote("shop", "rel", tag="v2", actor="ann")
    with pytest.raises(Conflict, match="set promote_from"):
        requests.promote("shop", "dev", actor="ann")


def test_where_several_serve_the_newest_is_promoted_or_the_one_that_is_named(world, requests):
    world.project("shop", many("shop", limit=3), stage("shop", "rel", promote_from="dev"))
    live(world, "a", "b")
    assert world.wait(requests.promote("shop", "rel", actor="ann")).tag == "b"
    assert world.wait(requests.promote("shop", "rel", tag="a", actor="ann")).tag == "a"


# ---- retry, cancel


def test_retrying_deploys_the_same_digest_with_todays_configuration(world, requests, gate):
    made = world.project()
    world.push("dev-1")
    gate.breaks("bake", EngineError("no"))
    failed = world.deploy("dev-1")
    world.push("dev-1")
    world.forge.projects.change(replace(made, environment={"NEW": "yes"}), {}, actor="ann")
    again = world.wait(requests.retry(failed.id, actor="ann"))
    assert (again.status, again.digest) == ("succeeded", failed.digest)
    (container,) = world.engine._machine.containers.values()
    assert container.spec.environment == {"NEW": "yes"}


def test_retrying_a_roll_back_rolls_back_to_the_same_again(world, requests, gate):
    made = world.project(environment={"COLOUR": "blue"})
    live(world, "dev-1")
    world.forge.projects.change(replace(made, environment={"COLOUR": "red"}), {}, actor="ann")
    live(world, "dev-2")
    gate.breaks("bake", EngineError("no"))
    failed = world.wait(requests.rollback("shop", "dev", actor="ann"))
    again = world.wait(requests.retry(failed.id, actor="ann"))
    assert (failed.status, again.status, again.kind, again.source) == ("failed", "succeeded", "rollback", 1)
    (container,) = world.engine._machine.containers.values()
    assert container.spec.environment == {"COLOUR": "blue"}


def test_what_has_not_ended_is_not_retried(world, requests, gate):
    world.project()
    world.push("dev-1")
    gate.hold("start")
    asked = ask(world, "dev-1")
    gate.reached("start")
    with pytest.raises(Conflict, match="not ended"):
        requests.retry(asked.id, actor="ann")
    gate.open("start")


def test_retrying_cannot_get_round_a_promotion(world, requests):
    three_stages(world)
    live(world, "v1")
    rel = world.wait(requests.promote("shop", "rel", actor="ann"))
    live(world, "v2")
    world.wait(requests.promote("shop", "rel", actor="ann"))
    with pytest.raises(Conflict):
        requests.retry(rel.id, actor="ann")


def test_what_serves_a_stage_may_be_deployed_there_again_with_other_settings(world, requests):
    three_stages(world)
    live(world, "v1")
    rel = world.wait(requests.promote("shop", "rel", actor="ann"))
    live(world, "v2")
    again = world.wait(requests.deploy("shop", "rel", digest=rel.digest, actor="ann"))
    assert (again.status, again.tag, world.serving("rel")) == ("succeeded", "v1", ["v1"])


def test_what_waits_is_cancelled_at_once_and_never_begins(world, requests, gate):
    world.project()
    for tag in ("dev-1", "dev-2"):
        world.push(tag)
    gate.hold("start")
    first = ask(world, "dev-1")
    gate.reached("start")
    second = ask(world, "dev-2")
    assert requests.cancel(second.id, actor="ann").status is DeployStatus.CANCELLED
    assert requests.store.deploys.get(second.id).failure == "Cancelled by ann"
    gate.open("start")
    world.wait(first)
    assert world.forge.store.deploys.steps(second.id) == []
    assert containers(world) == [("running", "dev-1")]


def test_what_has_ended_cannot_be_cancelled(world, requests):
    world.project()
    (deploy,) = live(world, "dev-1")
    with pytest.raises(Conflict, match="nothing to cancel"):
        requests.cancel(deploy.id, actor="ann")
    assert status(world, deploy) == "succeeded"
    with pytest.raises(NotFound):
        requests.cancel(99, actor="ann")


# ---- what changed between the look and the queue


def test_a_stage_that_was_deleted_meanwhile_gets_no_deploy(world, requests):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    world.push("v1")
    world.registry.before_answer = lambda _: world.forge.projects.delete_stage("shop", "rel", actor="bob")
    with pytest.raises(NotFound, match="no stage rel"):
        requests.deploy("shop", "rel", tag="v1", actor="ann")
    assert world.forge.store.deploys.page() == []


def test_a_login_that_the_registry_refuses_is_no_success(world, requests):
    world.project()
    world.push("dev-1")
    world.registry.wanted = ("ann", "secret")
    with pytest.raises(RegistryError):
        requests.deploy("shop", "dev", tag="dev-1", actor="ann")


def test_the_secrets_of_what_is_kept_are_kept_and_those_of_the_rest_forgotten(world):
    made = world.project("shop", stage("shop", "dev", keep=1))
    world.forge.projects.change(replace(made, secrets=("KEY",)), {"KEY": Secret("value")}, actor="ann")
    deploys = live(world, "dev-1", "dev-2", "dev-3")
    secrets = world.forge.store.secrets
    assert [bool(secrets.get_bundle(environment_place(d.id))) for d in deploys] == [False, True, True]
