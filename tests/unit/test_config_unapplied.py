"""What was changed since something went live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.config.unapplied import unapplied
from forge.deploy.queue import Queue, environment_place
from forge.domain.instance import Instance
from forge.domain.project import Project
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from tests.unit.configured import Configured

SHOP = Project(name="shop", image="r.example/shop", port=80, environment={"LEVEL": "info"}, secrets=("KEY",))
DEV = Stage(project="shop", name="dev")


class World(Configured):
    """shop/dev serves what deploy #1 made of it."""

    def change(self, project=SHOP, stage=DEV, secrets=None):
        self.service.projects.change(project, secrets or {}, actor="ann")
        self.service.projects.change_stage(stage, {}, actor="ann")

    def lines(self):
        return [line for one in unapplied(self.store, "shop") for line in one.differences]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.service.projects.create(SHOP, {"KEY": Secret("p1anted")}, [(DEV, {})], actor="ann")
    with world.store.database.change() as change:
        made = Queue(world.store).add(change, DEV, SHOP, tag="v1", digest="sha256:1", actor="ann")
        instance = Instance(
            id="a1b2c3", project="shop", stage="dev", deploy=made.id, tag="v1", digest="sha256:1",
            engine="local", name="n", serving=True,
        )  # fmt: skip
        world.store.instances.put(change, instance)
    yield world
    world.store.database.close()


def test_what_runs_as_it_is_configured_has_nothing_to_tell(world):
    assert unapplied(world.store, "shop") == []


def test_each_change_of_the_project_and_the_stage_is_told(world):
    world.change(replace(SHOP, port=81, environment={}), replace(DEV, environment={"A": "1"}))
    [told] = unapplied(world.store, "shop")
    assert (told.stage, told.instance, told.deploy) == ("dev", "a1b2c3", 1)
    assert told.differences == ("port 80 → 81", "environment.LEVEL info → nothing", "dev: environment.A nothing → 1")


def test_what_has_effect_at_once_is_not_told(world):
    world.change(stage=replace(DEV, keep=9, auto_deploy=False, bake=5))
    assert world.lines() == []


def test_secrets_are_told_by_name_only(world):
    world.change(replace(SHOP, secrets=("KEY", "NEW")), secrets={"KEY": Secret("0ther"), "NEW": Secret("n3w")})
    assert world.lines() == ["secret KEY is changed", "secret NEW is new"]
    world.change(replace(SHOP, secrets=()))
    assert world.lines() == ["secret KEY is gone"]


def test_nothing_is_told_of_secrets_that_are_past_keeping(world):
    with world.store.database.change() as change:
        world.store.secrets.delete(change, environment_place(1))
    assert world.lines() == []


def test_what_no_longer_serves_is_not_told(world):
    world.change(replace(SHOP, port=81))
    with world.store.database.change() as change:
        world.store.instances.put(change, replace(world.store.instances.get("a1b2c3"), serving=False))
    assert unapplied(world.store, "shop") == []
