"""A container becomes a project; and stays where it is until a person says otherwise."""

from dataclasses import replace

import pytest

from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.project import Volume, VolumeKind
from forge.domain.secret import Secret
from forge.domain.stage import Strategy
from forge.ports import HOME_LABEL
from tests.fake_engine import Behaviour
from tests.unit.adopting import DATA, ILL, IMPATIENT, move_in, wish
from tests.unit.deploying import make_world
from tests.world import HOST

SRV = Volume(kind=VolumeKind.HOST, path="/srv", source="/srv/shop", read_only=True)


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch)
    yield made
    made.forge.close()


def adopt(world, id_, **more):
    return world.wait(world.forge.adopting.adopt("local", id_, wish(**more), actor="ann"))


def told(world, type_):
    events = world.forge.store.events.after("state", 0, 10_000)
    return [(event.project, event.payload["name"], event.actor) for event in events if event.type == type_]


def test_it_runs_again_as_forges_own_beside_the_old_one(world):
    id_ = move_in(world.engine, volumes=(replace(DATA, read_only=True, exclusive=False),))
    world.engine.strange_volume("shop-data")
    deploy = adopt(world, id_)
    assert (deploy.status, deploy.tag, deploy.digest) == ("succeeded", "1.2.0", "sha256:" + "5" * 64)
    (ours,) = world.engine.find({HOME_LABEL: world.forge.home})
    assert (ours.running, world.engine.inspect(id_).running) == (True, True)
    project = world.forge.store.projects.get("shop")
    assert (project.image, project.port, dict(project.environment)) == (
        f"{HOST}/acme/shop",
        8080,
        {"LOG_LEVEL": "info"},
    )
    assert project.secrets == ("DB_PASSWORD",)
    spec = world.engine._machine.containers[ours.id].spec
    assert spec.environment["DB_PASSWORD"] == Secret("p1anted-s3cret")
    assert spec.networks == project.networks == ("shop_default",)
    assert "pull" not in world.engine.calls
    assert told(world, "container_adopted") == [("shop", "old-shop", "ann")]


def test_more_variables_can_be_made_secret_but_none_that_looks_like_one_plain(world):
    id_ = move_in(world.engine)
    adopt(world, id_, secrets=("LOG_LEVEL",))
    project = world.forge.store.projects.get("shop")
    assert (project.secrets, dict(project.environment)) == (("DB_PASSWORD", "LOG_LEVEL"), {})


def test_the_plan_names_what_must_be_allowed_and_a_free_name(world):
    world.project("old-shop")
    id_ = move_in(world.engine, volumes=(SRV,))
    plan = world.forge.adopting.plan("local", id_)
    assert (plan.name, plan.host_paths) == ("old-shop-2", ("/srv/shop",))


def test_a_container_of_compose_is_named_without_its_number(world):
    id_ = move_in(world.engine, name="store-web-1")
    world.engine.facts[id_] = replace(
        world.engine.facts[id_], stranger=replace(world.engine.facts[id_].stranger, group="store")
    )
    assert world.forge.adopting.plan("local", id_).name == "store-web"


def test_a_folder_of_the_machine_is_used_only_once_it_is_allowed(world):
    id_ = move_in(world.engine, volumes=(SRV,))
    with pytest.raises(Invalid) as error:
        adopt(world, id_)
    assert error.value.code == "host_path"
    assert world.forge.store.projects.all() == []
    assert world.forge.adopting.adopted("local") == {}
    assert adopt(world, id_, host_paths=("/srv/shop",)).ended_well
    assert world.forge.store.preferences.get().host_paths == ("/srv/shop",)


def test_what_cannot_run_beside_it_waits_for_a_persons_word(world):
    id_ = move_in(world.engine, volumes=(DATA,))
    world.engine.strange_volume("shop-data")
    with pytest.raises(Conflict) as error:
        adopt(world, id_)
    assert error.value.code == "stop_first"
    assert list(error.value.fields) == ["stop_first"]
    assert world.engine.inspect(id_).running
    deploy = adopt(world, id_, stop_first=True)
    assert (deploy.status, deploy.strategy) == ("succeeded", Strategy.IN_PLACE)
    assert world.engine.inspect(id_).status == "exited"


def test_volumes_that_two_may_use_are_no_reason_to_stop_it(world):
    id_ = move_in(world.engine, volumes=(DATA,))
    world.engine.strange_volume("shop-data")
    deploy = adopt(world, id_, share=True)
    assert (deploy.status, deploy.strategy) == ("succeeded", Strategy.SIDE_BY_SIDE)
    assert world.engine.inspect(id_).running


def test_its_port_can_be_kept_and_it_then_stops_first(world):
    id_ = move_in(world.engine)
    deploy = adopt(world, id_, keep_port=True, stop_first=True)
    assert deploy.status == "succeeded", deploy.failure
    stage = world.forge.store.projects.stage("shop", "prod")
    assert (stage.publish, world.forge.store.projects.get("shop").proxy) == (8099, "published")
    assert not world.engine.inspect(id_).running


def test_a_port_it_does_not_have_cannot_be_kept(world):
    id_ = move_in(world.engine, ports=())
    with pytest.raises(Invalid) as error:
        adopt(world, id_, keep_port=True, stop_first=True)
    assert list(error.value.fields) == ["keep_port"]


def test_a_failed_adoption_starts_the_old_one_again(world):
    id_ = move_in(world.engine, behaviour=ILL)
    deploy = adopt(world, id_, keep_port=True, stop_first=True, health=IMPATIENT)
    assert deploy.status == "failed"
    assert world.engine.inspect(id_).running
    assert not world.forge.adopting.adopted("local")[id_].stopped


def test_what_docker_would_remove_is_not_stopped(world):
    id_ = move_in(world.engine, fleeting=True)
    with pytest.raises(Conflict) as error:
        adopt(world, id_, keep_port=True, stop_first=True)
    assert error.value.code == "fleeting"
    assert adopt(world, id_).ended_well
    with pytest.raises(Conflict) as error:
        world.forge.adopting.stop_old("local", id_, actor="ann")
    assert error.value.code == "fleeting"
    assert world.engine.inspect(id_).running


def test_only_folders_that_it_has_are_allowed(world):
    id_ = move_in(world.engine, volumes=(SRV,))
    adopt(world, id_, host_paths=("/", "/srv/shop"))
    assert world.forge.store.preferences.get().host_paths == ("/srv/shop",)


def test_twice_is_refused(world):
    id_ = move_in(world.engine)
    adopt(world, id_)
    with pytest.raises(Conflict, match="adopted as shop/prod already"):
        adopt(world, id_, name="other")


def test_an_image_without_a_registry_is_refused(world):
    id_ = world.engine.stranger("local-build")
    world.engine.known["stranger@sha256:0"] = Behaviour()
    with pytest.raises(Conflict) as error:
        adopt(world, id_)
    assert error.value.code == "not_adoptable"


def test_a_name_that_is_taken_is_refused_and_nothing_is_kept(world):
    world.project("shop")
    id_ = move_in(world.engine)
    with pytest.raises(Conflict) as error:
        adopt(world, id_)
    assert error.value.code == "project_exists"
    assert world.forge.adopting.adopted("local") == {}


def test_forges_own_and_what_is_gone_are_nobody_to_adopt(world):
    own = world.engine.stranger("ours", {HOME_LABEL: "other"})
    for id_ in (own, "gone"):
        with pytest.raises(NotFound):
            world.forge.adopting.plan("local", id_)
    assert world.forge.adopting.strangers("local") == ()


class TestStoppingTheOldOne:
    def test_it_is_stopped_once_forges_serves_and_is_still_there(self, world):
        id_ = move_in(world.engine)
        adopt(world, id_)
        stopped = world.forge.adopting.stop_old("local", id_, actor="ann")
        assert (stopped.stopped, world.engine.inspect(id_).status) == (True, "exited")
        assert "remove" not in world.engine.calls
        assert told(world, "container_stopped") == [("shop", "old-shop", "ann")]

    def test_not_before(self, world):
        id_ = move_in(world.engine, behaviour=ILL)
        adopt(world, id_, health=IMPATIENT)
        with pytest.raises(Conflict) as error:
            world.forge.adopting.stop_old("local", id_, actor="ann")
        assert error.value.code == "nothing_serves"
        assert world.engine.inspect(id_).running

    def test_not_while_forges_own_is_stopped(self, world):
        id_ = move_in(world.engine)
        adopt(world, id_)
        (ours,) = world.forge.store.instances.serving("shop", "prod")
        world.forge.instances.stop(ours.id, actor="ann")
        with pytest.raises(Conflict) as error:
            world.forge.adopting.stop_old("local", id_, actor="ann")
        assert error.value.code == "nothing_serves"

    def test_and_only_what_was_adopted(self, world):
        id_ = move_in(world.engine)
        with pytest.raises(Conflict) as error:
            world.forge.adopting.stop_old("local", id_, actor="ann")
        assert error.value.code == "not_adopted"
