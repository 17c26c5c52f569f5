"""Stories of the deployer, told on fakes: the product's own composition with other adapters."""

from __future__ import annotations

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.errors import Conflict
from tests.fake_engine import Behaviour
from tests.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.forge.start()
    yield made
    made.forge.close()


def test_a_tag_goes_live(world):
    world.project()
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failure) == (DeployStatus.SUCCEEDED, None)
    assert world.serving() == ["dev-1"]
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_a_newer_tag_replaces_the_old_one_and_only_one_runs(world):
    world.project()
    for tag in ("dev-1", "dev-2"):
        world.push(tag)
        world.deploy(tag)
    assert world.serving() == ["dev-2"]
    assert world.routes() == {"dev-shop.localhost": "dev-2"}
    assert len(world.engine.find({})) == 1


def test_a_broken_tag_is_taken_back_and_its_last_words_are_kept(world):
    world.project()
    world.push("dev-1")
    world.deploy("dev-1")
    world.push("dev-2", behaviour=Behaviour(exit_code=3, errors=("no database",)))
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == (DeployStatus.FAILED, "wait until healthy")
    assert world.serving() == ["dev-1"]
    words = world.forge.store.deploys.last_words(deploy.id)
    assert words["exit_code"] == 3
    assert "no database" in [line["text"] for line in words["lines"]]
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is not None


def test_without_an_earlier_deploy_there_is_nothing_to_roll_back_to(world):
    world.project()
    world.push("dev-1")
    world.deploy("dev-1")
    with pytest.raises(Conflict):
        world.forge.requests.rollback("shop", "dev", actor="test")
