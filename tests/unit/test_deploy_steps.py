"""Single steps where the world is not as it was a moment ago."""

from dataclasses import replace

import pytest

from forge.deploy import steps
from forge.deploy.pipeline import PIPELINES
from forge.domain.deploy import DeployStatus
from forge.domain.errors import EngineError
from forge.domain.project import Volume, VolumeKind
from forge.ports import HOME_LABEL, INSTANCE_LABEL
from tests.fake_engine import Behaviour
from tests.unit.deploying import Gate, ask, containers, journal, live, log, make_world
from tests.world import stage


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def prefer(world, **changes):
    store = world.forge.store
    with store.database.change() as change:
        store.preferences.put(change, replace(store.preferences.get(), **changes), "test")


def test_what_has_an_effect_has_an_undo():
    harmless = {"resolve digest", "pull", "wait until healthy", "confirm through the route", "bake", "go live"}
    harmless.add("prepare the route")  # a certificate that was asked for stays: the next deploy needs it too
    for pipeline in PIPELINES.values():
        assert {s.name for s in pipeline if s.undo is steps.nothing} == harmless


def test_an_image_that_is_there_is_not_pulled_again(world):
    world.project()
    live(world, "dev-1")
    assert world.deploy("dev-1").ended_well
    assert world.engine.calls.count("pull") == 1


def test_below_the_disk_floor_nothing_is_pulled_and_the_sentence_says_what_to_do(world):
    world.project()
    world.push("dev-1")
    world.engine.disk = 500 << 20
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failed_step) == ("failed", "pull")
    assert "Only 500 MiB are free" in deploy.failure
    assert "free_disk" in deploy.failure
    assert "pull" not in world.engine.calls
    prefer(world, free_disk=400 << 20)
    live(world, "dev-1")


def test_a_disk_that_cannot_be_seen_from_here_stops_nothing(world):
    world.project()
    world.engine.disk = None
    live(world, "dev-1")


def test_a_pull_that_fails_says_why_and_changes_nothing(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2", behaviour=Behaviour(pull_error=EngineError("layer 3 is missing")))
    deploy = world.deploy("dev-2")
    assert (deploy.failed_step, deploy.failure) == ("pull", "layer 3 is missing")
    assert containers(world) == [("running", "dev-1")]
    assert log(world, deploy)[-1] == "Taken back: what served before still serves"


def test_where_nothing_served_nothing_is_said_to_serve(world):
    world.project()
    world.push("dev-1", behaviour=Behaviour(pull_error=EngineError("layer 3 is missing")))
    assert log(world, world.deploy("dev-1"))[-1] == "Taken back: nothing of it is left"


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


def test_a_domain_that_is_anothers_is_told_before_anything_is_made(world):
    world.project("shop", stage("shop", "dev", domain="one.{domain}"))
    live(world, "dev-1")
    world.project("cart", stage("cart", "dev", max_instances=2, domain="{tag}.{domain}"))
    world.push("one", "cart")
    deploy = world.deploy("one", project="cart")
    assert (deploy.status, deploy.failed_step) == ("failed", "note what serves")
    assert "one.localhost already leads to shop/dev (dev-1)" in deploy.failure
    assert world.routes() == {"one.localhost": "dev-1"}


def test_a_strangers_route_is_told_and_left_alone(world):
    world.project()
    world.proxy.strangers["dev-shop.localhost"] = None
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failed_step) == ("failed", "switch route")
    assert "Another route already answers" in deploy.failure


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


def test_the_old_one_is_stopped_only_after_the_new_one_was_seen_through_the_proxy(world):
    """Pitfall 2."""
    world.project()
    live(world, "dev-1")
    (old,) = world.forge.store.instances.serving("shop", "dev")
    seen = []
    ask_proxy = world.proxy.ask

    def look(route, path="/", timeout=5):
        seen.append(world.engine.inspect(old.container).status)
        return ask_proxy(route, path, timeout)

    world.proxy.ask = look
    live(world, "dev-2")
    assert seen == ["running"]


def test_without_a_proxy_people_reach_it_at_a_port(world):
    world.project("shop", proxy="published")
    (deploy,) = live(world, "dev-1")
    (instance,) = world.forge.store.instances.serving("shop", "dev")
    assert instance.domain is None
    assert {s.name: s.note for s in world.forge.store.deploys.steps(deploy.id)}["switch route"] == (
        f"no proxy: people reach it at {instance.target}"
    )
    assert world.proxy.routes() == ()


def test_the_log_says_how_the_new_one_takes_over_and_what_two_share_meanwhile(world):
    """Pitfall 13."""
    shared = Volume(kind=VolumeKind.NAMED, path="/data", source="data")
    made = world.project(volumes=(shared,))
    (first,) = live(world, "dev-1")
    assert not any("side by side" in line for line in log(world, first)), "there is no old one"
    (second,) = live(world, "dev-2")
    (said,) = [line for line in log(world, second) if line.startswith("side by side: ")]
    assert "old and new share the volume at /data: mark it exclusive" in said
    world.forge.projects.change(replace(made, volumes=(replace(shared, exclusive=True),)), {}, actor="ann")
    (third,) = live(world, "dev-3")
    assert "in place: the volume at /data is exclusive" in log(world, third)
    back = world.wait(world.forge.requests.rollback("shop", "dev", actor="ann"))
    assert "in place: as the project is set up now" in log(world, back)


def test_the_journal_says_what_was_found(world):
    world.project()
    live(world, "dev-1")
    (deploy,) = live(world, "dev-2")
    assert [name for name, _ in journal(world, deploy)][2] == "note what serves"
    assert any("note what serves: dev-1 (" in line for line in log(world, deploy))
