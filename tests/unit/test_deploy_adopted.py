"""The old container under a deploy in place: stopped only on a person's word, started again by whoever reverts."""

import pytest

from forge.domain.errors import EngineError
from tests.unit.adopting import ILL, IMPATIENT, move_in, wish
from tests.unit.deploying import Gate, log, make_world

FIRST = {"keep_port": True, "stop_first": True}


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def queue(world, id_, **more):
    return world.forge.adopting.adopt("local", id_, wish(**{**FIRST, **more}), actor="ann")


def test_the_journal_says_that_it_was_stopped(world):
    id_ = move_in(world.engine)
    deploy = world.wait(queue(world, id_))
    assert any("old-shop, which it was adopted from, stopped" in line for line in log(world, deploy))


def test_a_forge_that_is_killed_between_starts_it_again(world, gate):
    id_ = move_in(world.engine)
    gate.hold("stop the old")
    queue(world, id_)
    gate.reached("stop the old")
    assert not world.engine.inspect(id_).running
    gate.breaks("stop the old", EngineError("the power went"))
    gate.open("stop the old")
    (deploy,) = world.forge.store.deploys.page(project="shop")
    assert world.wait(deploy).status == "failed"
    assert world.engine.inspect(id_).running


def test_what_did_not_run_is_not_started(world):
    id_ = move_in(world.engine, behaviour=ILL)
    world.engine.stop(id_, 1)
    deploy = world.wait(queue(world, id_, health=IMPATIENT))
    assert deploy.status == "failed"
    assert world.engine.inspect(id_).status == "exited"
    assert any("does not run" in line for line in log(world, deploy))


def test_what_nobody_said_may_stop_is_not_stopped_though_it_was_started_meanwhile(world, gate):
    id_ = move_in(world.engine)
    world.engine.stop(id_, 1)
    gate.hold("note what serves")
    deploy = queue(world, id_, stop_first=False)
    gate.reached("note what serves")
    world.engine.start(id_)
    gate.open("note what serves")
    assert world.wait(deploy).status == "failed"
    assert world.engine.inspect(id_).running


def test_an_old_one_that_does_not_come_back_leaves_the_deploy_stuck(world):
    id_ = move_in(world.engine, behaviour=ILL)
    real = world.engine.start

    def start(container):
        if container == id_:
            raise EngineError("no space left on device")
        real(container)

    world.engine.start = start
    deploy = world.wait(queue(world, id_, health=IMPATIENT))
    assert deploy.status == "stuck"
    assert world.forge.adopting.adopted("local")[id_].stopped


def test_what_was_removed_meanwhile_is_no_error(world):
    id_ = move_in(world.engine)
    deploy = queue(world, id_)
    world.engine.remove(id_)
    assert world.wait(deploy).ended_well
