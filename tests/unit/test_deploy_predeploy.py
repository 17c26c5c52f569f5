"""The pre-deploy command: once, before the new one starts, and its failure costs nobody anything."""

from __future__ import annotations

import threading

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.project import Volume, VolumeKind
from forge.ports import ONCE_LABEL
from tests.fake_engine import Behaviour
from tests.world import World, until


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.forge.start()
    yield made
    made.forge.close()


def log(world, deploy):
    told = world.forge.store.events.after(f"deploy:{deploy.id}", 0, 500)
    return [event.payload["text"] for event in told if event.type == "deploy_log"]


def once(world):
    return [state for state in world.engine.find({}) if ONCE_LABEL in state.labels]


def test_it_runs_before_the_new_one_starts_and_leaves_nothing_behind(world):
    world.project("shop", pre_deploy=("bin/migrate", "--all"))
    world.push("v1")
    done = world.deploy("v1")
    assert done.status is DeployStatus.SUCCEEDED
    said = log(world, done)
    assert "bin/migrate --all" in said, "what it writes is in the deploy's log"
    assert "pre-deploy: “bin/migrate --all” ended well" in said
    assert once(world) == []
    starts = [call for call in world.engine.calls if call in {"create", "start"}]
    assert starts == ["create", "create", "start", "start"]


def test_a_code_other_than_0_ends_the_deploy_and_the_old_one_serves(world):
    world.project("shop", pre_deploy=("migrate",))
    world.push("v1")
    assert world.deploy("v1").status is DeployStatus.SUCCEEDED
    digest = world.push("v2", behaviour=Behaviour(once_exit=3))
    failed = world.deploy("v2")
    assert (failed.status, failed.failed_step) == (DeployStatus.FAILED, "pre-deploy")
    assert failed.failure == "The pre-deploy command failed: it ended with 3"
    assert world.serving() == ["v1"]
    assert len(world.engine.find({})) == 1
    assert world.forge.store.deploys.quarantined("shop", "dev", digest), "it is not tried again by itself"
    words = world.forge.store.deploys.last_words(failed.id)
    assert (words["exit_code"], [line["text"] for line in words["lines"]]) == (3, ["migrate"])


def test_one_that_does_not_end_is_given_up_and_removed(world):
    world.project("shop", pre_deploy=("migrate",), pre_deploy_timeout=1)
    world.push("v1", behaviour=Behaviour(once_exit=None))
    failed = world.deploy("v1")
    assert failed.failure == "The pre-deploy command did not end within 1 s"
    assert world.engine.find({}) == ()


def test_cancelling_ends_it(world):
    world.project("shop", pre_deploy=("migrate",))
    world.push("v1", behaviour=Behaviour(once_exit=None))
    asked = world.forge.requests.deploy("shop", "dev", tag="v1", actor="ann")
    until(lambda: bool(once(world)), "the command runs")
    world.forge.requests.cancel(asked.id, actor="ann")
    assert world.wait(asked).status is DeployStatus.CANCELLED
    assert world.engine.find({}) == ()


def test_in_place_it_runs_once_the_old_one_has_stopped(world):
    """Both would have the volume that only one may have."""
    exclusive = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
    world.project("shop", pre_deploy=("migrate",), volumes=(exclusive,))
    for tag in ("v1", "v2"):
        world.push(tag)
        world.deploy(tag)
    calls = world.engine.calls[world.engine.calls.index("stop") :]
    assert calls.index("create") > 0
    assert "start" not in calls[: calls.index("create")]


def test_what_it_writes_is_told_while_it_runs(world):
    world.project("shop", pre_deploy=("migrate",))
    world.push("v1", behaviour=Behaviour(once_exit=None))
    asked = world.forge.requests.deploy("shop", "dev", tag="v1", actor="ann")
    until(lambda: bool(once(world)), "the command runs")
    world.engine.write(once(world)[0].id, "half of it is done")
    until(lambda: "half of it is done" in log(world, asked), "it is told")
    assert threading.active_count() > 1
    world.forge.requests.cancel(asked.id, actor="ann")
    world.wait(asked)


def test_a_container_that_is_not_as_asked_ends_the_deploy(world):
    """Pitfall 10."""
    world.project("shop")
    world.push("v1")
    world.engine.left_out = ("Memory is 0, not 67108864",)
    failed = world.deploy("v1")
    assert (failed.status, failed.failed_step) == (DeployStatus.FAILED, "start")
    assert "did not make forge-shop-dev" in failed.failure
    assert "Memory is 0, not 67108864. Take that out of the project" in failed.failure
