"""Making the candidate where the world is not as it was a moment ago."""

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.errors import EngineError
from forge.domain.project import Health, Volume, VolumeKind
from forge.ports import HOME_LABEL, INSTANCE_LABEL
from tests.unit.deploying import Gate, ask, containers, live, make_world, prefer
from tests.world import stage


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def test_a_port_taken_between_the_look_and_the_start_is_replaced_by_another(world, gate):
    world.project()
    world.push("dev-1")
    gate.hold("create")
    asked = ask(world, "dev-1")
    gate.reached("create")
    (state,) = world.engine.find({})
    world.engine.ports_taken.add(state.published)
    gate.open("create")
    assert world.wait(asked).status is DeployStatus.SUCCEEDED
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    assert instance.target.port != state.published
    assert [s.id for s in world.engine.find({})] == [instance.container]


def test_a_fixed_port_that_is_taken_is_said_and_the_old_one_serves_again(world):
    world.project("shop", stage("shop", "dev", publish=25000), proxy="published")
    world.engine.ports_taken.add(25000)
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failed_step) == ("failed", "start")
    assert "in use" in deploy.failure
    assert containers(world) == []


def test_a_host_path_that_is_not_allowed_any_more_is_refused_at_deploy_time(world):
    prefer(world, host_paths=("/srv",))
    world.project("shop", volumes=(Volume(kind=VolumeKind.HOST, path="/data", source="/srv/shop"),))
    live(world, "dev-1")
    prefer(world, host_paths=())
    world.push("dev-2")
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == ("failed", "create")
    assert "host_paths" in deploy.failure
    assert containers(world) == [("running", "dev-1")]


def test_a_host_path_that_became_a_link_elsewhere_is_refused_at_deploy_time(world, tmp_path):
    folder, elsewhere = tmp_path / "srv" / "shop", tmp_path / "elsewhere"
    folder.mkdir(parents=True)
    elsewhere.mkdir()
    prefer(world, host_paths=(f"{tmp_path}/srv",))
    world.project("shop", volumes=(Volume(kind=VolumeKind.HOST, path="/data", source=str(folder)),))
    live(world, "dev-1")
    folder.rmdir()
    folder.symlink_to(elsewhere)
    world.push("dev-2")
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == ("failed", "create")
    assert f"leads to {elsewhere}" in deploy.failure
    assert containers(world) == [("running", "dev-1")]


def test_strangers_containers_are_never_touched(world, gate):
    """Pitfall 14: unknown labels, and our labels of another home, are strangers'."""
    world.project()
    one = world.engine.stranger("theirs")
    two = world.engine.stranger("other-forge", {HOME_LABEL: "0ther", INSTANCE_LABEL: "a1b2c3"})
    live(world, "dev-1", "dev-2")
    world.push("dev-3")
    gate.breaks("bake", EngineError("Broken on purpose"))
    world.deploy("dev-3")
    world.forge.follower.reconciler.all()
    world.forge.projects.delete("shop", actor="ann")
    assert {(s.id, s.status) for s in world.engine.find({})} == {(one, "running"), (two, "running")}


def test_two_projects_with_like_names_have_containers_of_their_own(world):
    """Pitfall 12."""
    world.project("shop")
    world.project("shop-dev", stage("shop-dev", "dev"))
    live(world, "dev-1")
    live(world, "dev-1", project="shop-dev")
    names = {state.name for state in world.engine.find({})}
    assert len(names) == 2
    ids = {i.id for i in world.forge.store.instances.present()}
    assert {name.rpartition("-")[2] for name in names} == ids


def test_a_limit_that_takes_back_good_images_is_said_in_the_deploys_log(world, monkeypatch):
    monkeypatch.setattr(world.forge.store.deploys, "durations", lambda *_: [14.0])
    world.project("shop", health=Health(timeout=10))
    (deploy,) = live(world, "dev-1")
    told = world.forge.store.events.after(f"deploy:{deploy.id}", 0, 500)
    warnings = [event.payload["text"] for event in told if event.payload.get("level") == "warning"]
    assert len(warnings) == 1
    assert warnings[0].startswith("Typical start 14.0 s: your limit of 10 s will take back good images")
