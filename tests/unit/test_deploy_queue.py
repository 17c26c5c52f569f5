"""What is queued holds all that it will run with."""

from dataclasses import replace

import pytest

from forge.deploy.queue import Queue, environment_place, project_place, stage_place
from forge.domain.deploy import DeployKind
from forge.domain.errors import Conflict, NotFound
from forge.domain.project import Volume, VolumeKind
from forge.domain.secret import Secret
from forge.domain.stage import Strategy
from tests.unit.watching import World

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.shop()
    yield made
    made.store.database.close()


def keep(world, place, value):
    with world.store.database.change() as change:
        world.store.secrets.put(change, place, Secret(value))


def add(world, tag="v1", stage=None, project=None, **more):
    store = world.store
    with store.database.change() as change:
        return Queue(store).add(
            change, stage or store.projects.stage("shop", "dev"), project or store.projects.get("shop"),
            tag=tag, digest=DIGEST, actor="ann", **more,
        )  # fmt: skip


def test_the_configuration_is_what_it_was_when_it_was_asked_for(world):
    deploy = add(world)
    before = world.store.projects.get("shop")
    with world.store.database.change() as change:
        world.store.projects.put(change, replace(before, port=99), "ann")
    assert world.store.deploys.configuration(deploy.id).project == before


def test_secrets_are_copied_sealed_and_the_stages_win(world):
    keep(world, f"{project_place('shop')}/A", "project-a")
    keep(world, f"{project_place('shop')}/B", "project-b")
    keep(world, f"{stage_place('shop', 'dev')}/B", "stage-b")
    deploy = add(world)
    keep(world, f"{project_place('shop')}/A", "changed-later")
    bundle = world.store.secrets.get_bundle(environment_place(deploy.id))
    assert bundle == {"A": Secret("project-a"), "B": Secret("stage-b")}


@pytest.mark.parametrize(("publish", "exclusive", "strategy"), [
    (None, False, Strategy.SIDE_BY_SIDE), (8080, False, Strategy.IN_PLACE), (None, True, Strategy.IN_PLACE),
])  # fmt: skip
def test_how_it_runs_is_derived(world, publish, exclusive, strategy):
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=exclusive)
    project = replace(world.store.projects.get("shop"), volumes=(volume,))
    stage = replace(world.store.projects.stage("shop", "dev"), publish=publish)
    assert add(world, stage=stage, project=project).strategy is strategy


def test_again_is_all_that_it_was(world):
    keep(world, f"{project_place('shop')}/A", "then")
    first = add(world)
    keep(world, f"{project_place('shop')}/A", "now")
    with world.store.database.change() as change:
        world.store.projects.put(change, replace(world.store.projects.get("shop"), port=99), "ann")
    with world.store.database.change() as change:
        again = Queue(world.store).again(change, first, kind=DeployKind.ROLLBACK, actor="bob")
    assert (again.digest, again.tag, again.source, again.actor) == (DIGEST, "v1", first.id, "bob")
    assert world.store.deploys.configuration(again.id) == world.store.deploys.configuration(first.id)
    assert world.store.secrets.get_bundle(environment_place(again.id)) == {"A": Secret("then")}


def test_what_has_lost_its_secrets_is_not_queued_without_them(world):
    first = add(world)
    with world.store.database.change() as change:
        world.store.secrets.delete(change, environment_place(first.id))
    with pytest.raises(Conflict) as raised, world.store.database.change() as change:
        Queue(world.store).again(change, first, kind=DeployKind.ROLLBACK, actor="ann")
    assert raised.value.code == "past_keeping"
    assert len(world.deploys()) == 1


def test_a_stage_that_is_gone_gets_nothing(world):
    stage, project, first = world.store.projects.stage("shop", "dev"), world.store.projects.get("shop"), add(world)
    with world.store.database.change() as change:
        world.store.projects.delete_stage(change, "shop", "dev", "ann")
    with pytest.raises(NotFound):
        add(world, stage=stage, project=project)
    with pytest.raises(NotFound), world.store.database.change() as change:
        Queue(world.store).again(change, first, kind=DeployKind.DEPLOY, actor="ann")
