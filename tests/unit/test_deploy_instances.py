"""What a person may do to an instance."""

import pytest

from forge.domain.errors import Conflict, NotFound, Unavailable
from forge.domain.instance import InstanceStatus
from tests.unit.deploying import Gate, ask, containers, live, make_world


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


@pytest.fixture
def instances(world):
    return world.forge.instances


def one(world):
    world.project()
    live(world, "dev-1")
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    return instance.id


def actors(world, it):
    events = world.forge.store.events.activity(before=None, limit=99)
    return [e.actor for e in events if e.type == "instance_status" and e.payload["id"] == it]


def test_what_a_person_stopped_stays_stopped_across_restarts_of_forge(world, instances):
    it = one(world)
    stopped = instances.stop(it, actor="ann")
    assert (stopped.status, stopped.wanted, stopped.serving) == (InstanceStatus.STOPPED, False, True)
    world.restart()
    world.forge.follower.reconciler.all()
    assert containers(world) == [("exited", "dev-1")]
    assert world.forge.store.instances.get(it).wanted is False
    started = world.forge.instances.start(it, actor="ann")
    assert (started.status, started.wanted) == (InstanceStatus.RUNNING, True)


def test_restarting_makes_it_wanted_again(world, instances):
    it = one(world)
    instances.stop(it, actor="ann")
    assert instances.restart(it, actor="ann").wanted is True
    assert containers(world) == [("running", "dev-1")]


def test_removing_takes_container_and_route_and_says_who_did_it(world, instances):
    it = one(world)
    instances.remove(it, actor="ann")
    assert containers(world) == []
    assert world.routes() == {}
    assert world.forge.store.instances.get(it).status is InstanceStatus.REMOVED
    assert actors(world, it)[0] == "ann"


@pytest.mark.parametrize("what", ["start", "restart"])
def test_what_is_missing_is_to_be_deployed_again(world, instances, what):
    it = one(world)
    (state,) = world.engine.find({})
    world.engine.remove(state.id)
    with pytest.raises(Conflict, match="deploy it again") as raised:
        getattr(instances, what)(it, actor="ann")
    assert raised.value.code == "missing"
    assert world.forge.instances.stop(it, actor="ann").status is InstanceStatus.MISSING, "nobody wants it any more"


def test_removing_what_is_gone_already_is_no_error(world, instances):
    it = one(world)
    (state,) = world.engine.find({})
    world.engine.remove(state.id)
    instances.remove(it, actor="ann")
    instances.remove(it, actor="ann")
    assert world.forge.store.instances.get(it).status is InstanceStatus.REMOVED


@pytest.mark.parametrize("what", ["start", "stop", "restart", "remove"])
def test_what_a_deploy_is_at_work_on_is_left_to_it(world, instances, gate, what):
    it = one(world)
    world.push("dev-2")
    gate.hold("start")
    asked = ask(world, "dev-2")
    gate.reached("start")
    candidate = world.forge.store.deploys.get(asked.id).instance
    for instance in (it, candidate):
        with pytest.raises(Conflict, match=f"#{asked.id} is at work"):
            getattr(instances, what)(instance, actor="ann")
    gate.open("start")
    assert world.wait(asked).ended_well


@pytest.mark.parametrize("what", ["start", "stop", "restart", "remove"])
def test_what_is_not_there_is_not_found(instances, what):
    with pytest.raises(NotFound):
        getattr(instances, what)("zzzzzz", actor="ann")


@pytest.mark.parametrize("what", ["start", "stop", "restart"])
def test_what_was_removed_has_no_container(world, instances, what):
    it = one(world)
    instances.remove(it, actor="ann")
    with pytest.raises(Conflict, match="was removed"):
        getattr(instances, what)(it, actor="ann")


@pytest.mark.parametrize("what", ["start", "stop", "restart", "remove"])
def test_without_its_engine_a_person_is_told_and_nothing_is_written(world, instances, what):
    it = one(world)
    world.engine.down = True
    before = world.forge.store.instances.get(it)
    with pytest.raises(Unavailable):
        getattr(instances, what)(it, actor="ann")
    after = world.forge.store.instances.get(it)
    assert (after.wanted, after.status, after.serving) == (before.wanted, before.status, before.serving)
    world.engine.down = False


def test_the_newest_lines_come_oldest_first(world, instances):
    it = one(world)
    (state,) = world.engine.find({})
    for number in range(5):
        world.engine.write(state.id, f"line {number}")
    assert [line.text for line in instances.logs(it, 3)] == ["line 2", "line 3", "line 4"]
    assert world.engine.open_streams <= 1
