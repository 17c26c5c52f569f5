"""Making, changing and deleting projects: every check, and nothing taken away that was not said."""

from dataclasses import replace

import pytest

from forge.deploy.queue import environment_place, project_place, stage_place
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.deploy import DeployStatus
from forge.domain.errors import Conflict, EngineError, Invalid, NotFound, Unavailable
from forge.domain.project import Project, Volume, VolumeKind
from forge.domain.secret import Secret
from tests.unit.deploying import EXCLUSIVE, Gate, ask, containers, live, make_world, many, status
from tests.world import stage, until

HOST_FOLDER = Volume(kind=VolumeKind.HOST, path="/data", source="/srv/shop")


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


@pytest.fixture
def projects(world):
    return world.forge.projects


def shop(**more):
    return Project(**{"name": "shop", "image": "registry.example/shop", "port": 80, "proxy": "caddy", **more})


def nothing_kept(world):
    return world.forge.store.projects.all() == []


# ---- checks


@pytest.mark.parametrize("where", ["engine", "proxy", "registry"])
def test_a_connection_that_is_not_there_is_said(world, projects, where):
    with pytest.raises(NotFound, match=f"no {where} nowhere"):
        projects.create(shop(**{where: "nowhere"}), {}, actor="ann")
    assert nothing_kept(world)


def test_a_host_path_must_be_allowed(world, projects):
    with pytest.raises(Invalid) as raised:
        projects.create(shop(volumes=(HOST_FOLDER,)), {}, actor="ann")
    assert raised.value.code == "host_path"
    assert nothing_kept(world)


def test_a_stage_is_promoted_only_from_one_that_is_there(world, projects):
    with pytest.raises(Invalid, match="does not have"):
        projects.create(shop(), {}, [(stage("shop", "rel", promote_from="dev"), {})], actor="ann")
    assert nothing_kept(world)


def test_promotions_go_in_no_circle(world, projects):
    three = [stage("shop", a, promote_from=b) for a, b in (("dev", "prod"), ("rel", "dev"), ("prod", "rel"))]
    with pytest.raises(Invalid, match="promoted from itself"):
        projects.create(shop(), {}, [(one, {}) for one in three], actor="ann")
    world.project("shop", stage("shop", "dev"), stage("shop", "rel", promote_from="dev"))
    with pytest.raises(Invalid, match="promoted from itself"):
        projects.change_stage(stage("shop", "dev", promote_from="rel"), {}, actor="ann")


def test_two_stages_may_not_have_one_domain(world, projects):
    world.project("shop", stage("shop", "dev", domain="one.net"))
    with pytest.raises(Conflict, match=r"one\.net already belongs to shop/dev"):
        world.project("cart", stage("cart", "dev", domain="one.net"))
    with pytest.raises(Conflict, match=r"one\.net"):
        projects.create_stage(stage("shop", "rel", domain="one.net"), {}, actor="ann")
    projects.create_stage(stage("shop", "rel"), {}, actor="ann")
    with pytest.raises(Conflict, match=r"one\.net"):
        projects.change_stage(stage("shop", "rel", domain="one.net"), {}, actor="ann")
    projects.change_stage(stage("shop", "dev", domain="one.net", keep=9), {}, actor="ann")


def test_two_stages_may_not_publish_one_port(world):
    world.project("shop", stage("shop", "dev", publish=8080))
    with pytest.raises(Conflict, match="8080 already belongs to shop/dev"):
        world.project("cart", stage("cart", "dev", publish=8080), proxy="published")


def test_without_a_proxy_there_are_no_domains_to_collide(world):
    for name in ("shop", "cart"):
        world.project(name, stage(name, "dev", domain="one.net"), proxy="published")


def test_a_name_that_is_taken_is_said_and_nothing_of_the_other_is_changed(world, projects):
    made = world.project("shop", environment={"A": "1"})
    with pytest.raises(Conflict, match="already"):
        projects.create(shop(port=99), {}, actor="ann")
    with pytest.raises(Conflict, match="already"):
        projects.create_stage(stage("shop", "dev", keep=9), {}, actor="ann")
    assert world.forge.store.projects.get("shop") == made


@pytest.mark.parametrize("call", ["change", "create_stage", "change_stage", "delete", "delete_stage"])
def test_what_is_not_there_cannot_be_changed(world, projects, call):
    given = {
        "change": (shop(), {}), "create_stage": (stage("shop", "dev"), {}), "change_stage": (stage("shop", "dev"), {}),
        "delete": ("shop",), "delete_stage": ("shop", "dev"),
    }[call]  # fmt: skip
    with pytest.raises(NotFound):
        getattr(projects, call)(*given, actor="ann")


# ---- secrets


def names(world, place):
    return {name: secret.reveal() for name, secret in world.forge.store.secrets.get_all(place).items()}


def test_secrets_are_kept_changed_and_removed_by_their_names(world, projects):
    projects.create(shop(secrets=("A", "B")), {"A": Secret("a1"), "B": Secret("b1")}, actor="ann")
    place = project_place("shop")
    projects.change(shop(secrets=("A", "B")), {"A": Secret("a2")}, actor="ann")
    assert names(world, place) == {"A": "a2", "B": "b1"}
    projects.change(shop(secrets=("B", "C")), {"B": None, "C": Secret("c1")}, actor="ann")
    assert names(world, place) == {"B": "b1", "C": "c1"}
    projects.change(shop(), {}, actor="ann")
    assert names(world, place) == {}


def test_a_secret_without_a_value_is_said_and_nothing_is_changed(world, projects):
    projects.create(shop(secrets=("A",)), {"A": Secret("a1")}, actor="ann")
    with pytest.raises(Invalid) as raised:
        projects.change(shop(secrets=("B",), port=99), {}, actor="ann")
    assert raised.value.fields == {"secrets.B": "no value"}
    assert names(world, project_place("shop")) == {"A": "a1"}
    assert world.forge.store.projects.get("shop").port == 80


def test_a_stages_secrets_are_its_own_and_reach_only_its_instances(world, projects):
    projects.create(
        shop(secrets=("KEY", "BOTH")),
        {"KEY": Secret("project"), "BOTH": Secret("project")},
        [(stage("shop", "dev", secrets=("BOTH",)), {"BOTH": Secret("dev")}), (stage("shop", "rel"), {})],
        actor="ann",
    )
    for name in ("dev", "rel"):
        live(world, f"{name}-1", stage=name)
    found = {c.spec.labels["forge.stage"]: c.spec.environment for c in world.engine._machine.containers.values()}
    assert found["dev"] == {"KEY": Secret("project"), "BOTH": Secret("dev")}
    assert found["rel"] == {"KEY": Secret("project"), "BOTH": Secret("project")}


def test_a_plain_variable_of_the_stage_wins_over_a_secret_of_the_project(world, projects):
    plain = stage("shop", "dev", environment={"KEY": "plain"})
    projects.create(shop(secrets=("KEY",)), {"KEY": Secret("project")}, [(plain, {})], actor="ann")
    live(world, "dev-1")
    (container,) = world.engine._machine.containers.values()
    assert container.spec.environment == {"KEY": "plain"}


def test_a_name_that_leads_to_another_project_of_the_stage_is_refused_wherever_it_is_asked_for(world, projects):
    """Whoever joined the network would get either of the two."""
    cart = world.project("cart", aliases=("db",))
    with pytest.raises(Conflict, match="the name db already belongs to cart/dev") as raised:
        world.project("shop", aliases=("db",))
    assert (raised.value.code, list(raised.value.fields)) == ("alias_taken", ["aliases"])
    with pytest.raises(Conflict, match="the name db already belongs"):
        world.project("db")
    world.project("shop", stage("shop", "rel"), aliases=("db",))
    with pytest.raises(Conflict, match="choose another for shop/dev"):
        projects.create_stage(stage("shop", "dev"), {}, actor="ann")
    world.project("web")
    with pytest.raises(Conflict, match="choose another for cart/dev"):
        projects.change(replace(cart, aliases=("web",)), {}, actor="ann")


# ---- deleting


def test_deleting_says_what_it_would_take_away_and_then_takes_that_away(world, projects):
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="data")
    world.project("shop", many("shop", limit=3), stage("shop", "rel"), volumes=(volume,))
    world.project("cart")
    live(world, "a", "b")
    live(world, "v1", stage="rel")
    live(world, "v1", project="cart")
    home = world.forge.home
    said = projects.would_delete("shop")
    assert said.stages == ("shop/dev", "shop/rel")
    assert sorted(line.split(" (")[0] for line in said.instances) == ["shop/dev a", "shop/dev b", "shop/rel v1"]
    assert said.routes == ("dev-shop-a.localhost", "dev-shop-b.localhost", "rel-shop.localhost")
    assert said.volumes == (f"forge-{home}-shop-dev-data", f"forge-{home}-shop-rel-data")
    assert len(said.images) == 3
    assert len(containers(world)) == 4
    assert projects.delete("shop", actor="ann") == replace(said, volumes=(), kept_volumes=said.volumes)
    assert containers(world) == [("running", "v1")]
    assert world.routes() == {"dev-cart.localhost": "v1"}
    assert world.engine.volumes({}) == said.volumes
    with pytest.raises(NotFound):
        world.forge.store.projects.get("shop")
    assert projects.would_delete("cart").instances != ()


def test_volumes_go_only_when_they_are_asked_for(world, projects):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"), volumes=(EXCLUSIVE,))
    world.engine.strange_volume("theirs")
    live(world, "v1")
    live(world, "v1", stage="rel")
    gone = projects.delete_stage("shop", "dev", actor="ann", volumes=True)
    home = world.forge.home
    assert (gone.volumes, gone.kept_volumes) == ((f"forge-{home}-shop-dev-data",), ())
    assert world.engine.volumes({}) == (f"forge-{home}-shop-rel-data", "theirs")
    projects.delete("shop", actor="ann")
    assert world.engine.volumes({}) == (f"forge-{home}-shop-rel-data", "theirs")


def test_nothing_of_another_project_is_taken_with_a_stage_of_the_same_name(world, projects):
    """An instance that a person stopped would not start again without its network."""
    for name in ("shop", "cart"):
        world.project(name)
        live(world, "v1", project=name)
    (cart,) = world.forge.store.instances.serving("cart", "dev")
    world.forge.instances.stop(cart.id, actor="ann")
    projects.delete("shop", actor="ann")
    assert len(world.engine.networks({})) == 2, "of what runs in it, and of its names"
    projects.delete("cart", actor="ann")
    assert world.engine.networks({}) == ()


def test_all_secrets_of_what_is_deleted_go_and_a_neighbours_stay(world, projects):
    secret = {"KEY": Secret("value")}
    for name in ("shop", "shop2"):
        made = replace(shop(), name=name, image=f"registry.example/{name}", secrets=("KEY",))
        dev = stage(name, "dev", secrets=("KEY",))
        projects.create(made, secret, [(dev, secret)], actor="ann")
        live(world, "v1", project=name)
    projects.delete("shop", actor="ann")
    secrets = world.forge.store.secrets
    assert names(world, project_place("shop")) == names(world, stage_place("shop", "dev")) == {}
    assert secrets.get(environment_place(1)) is None
    assert names(world, project_place("shop2")) == names(world, stage_place("shop2", "dev")) == {"KEY": "value"}
    assert secrets.get(environment_place(2)) is not None


def test_while_a_deploy_is_under_way_nothing_is_deleted(world, projects, gate):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    world.push("v1")
    gate.hold("start")
    asked = ask(world, "v1")
    gate.reached("start")
    for delete in (
        lambda: projects.delete("shop", actor="ann"),
        lambda: projects.delete_stage("shop", "dev", actor="a"),
    ):
        with pytest.raises(Conflict, match=f"#{asked.id} is under way"):
            delete()
    projects.delete_stage("shop", "rel", actor="ann")
    gate.open("start")
    assert world.wait(asked).ended_well


def test_what_waits_is_cancelled_by_deleting(world, projects):
    world.project("shop")
    digest = world.push("v1")
    until(lambda: world.engine.open_streams == 1, "nobody wakes the deployer any more")
    store = world.forge.store
    with store.database.change() as change:  # as the watchers queue, without waking the deployer
        found = store.projects.get("shop"), store.projects.stage("shop", "dev")
        queue = world.forge.requests.queue
        queued = queue.add(change, found[1], found[0], tag="v1", digest=digest, actor="webhook")
    assert projects.would_delete("shop").deploys == (f"#{queued.id} v1 to shop/dev",)
    assert projects.delete("shop", actor="ann").deploys == (f"#{queued.id} v1 to shop/dev",)
    ended = store.deploys.get(queued.id)
    assert (ended.status, ended.failure) == ("cancelled", "Deleted by ann")
    assert containers(world) == []


def test_what_goes_live_while_all_is_taken_away_is_not_left_without_an_owner(world, projects):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    live(world, "v1")
    remove, asked = world.engine.remove_network, []

    def slow(name):
        remove(name)
        if not asked:
            asked.append(ask(world, "v1"))
            world.wait(asked[0])

    world.engine.remove_network = slow
    with pytest.raises(Conflict, match="delete once more"):
        projects.delete_stage("shop", "dev", actor="ann")
    projects.delete_stage("shop", "dev", actor="ann")
    assert containers(world) == []


def test_without_its_engine_nothing_is_half_deleted(world, projects):
    world.project()
    live(world, "v1")
    world.engine.down = True
    with pytest.raises(Unavailable):
        projects.delete("shop", actor="ann")
    world.engine.down = False
    assert world.forge.store.projects.get("shop").active
    assert world.serving() == ["v1"]


def test_what_was_deleted_by_half_can_be_deleted_again(world, projects):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    live(world, "v1")
    live(world, "v1", stage="rel")
    world.engine.raises_before["remove_network"] = EngineError("The disk says no")
    with pytest.raises(EngineError):
        projects.delete("shop", actor="ann")
    with pytest.raises(Conflict, match="approve"):
        ask(world, "v1")
    projects.delete("shop", actor="ann")
    assert containers(world) == []
    assert nothing_kept(world)


def test_a_stage_that_another_is_promoted_from_stays(world, projects):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel", promote_from="dev"))
    with pytest.raises(Conflict, match="shop/rel is promoted from shop/dev"):
        projects.delete_stage("shop", "dev", actor="ann")
    projects.delete_stage("shop", "rel", actor="ann")
    projects.delete_stage("shop", "dev", actor="ann")


def test_the_history_stays_and_says_who_deleted(world, projects):
    world.project()
    (deploy,) = live(world, "v1")
    projects.delete("shop", actor="ann")
    assert status(world, deploy) == "succeeded"
    (told, *_) = [e for e in world.forge.store.events.activity(before=None, limit=9) if e.type == "project_changed"]
    assert (told.payload["change"], told.actor) == ("deleted", "ann")


def test_a_new_image_makes_the_next_look_a_first_look(world, projects):
    made = world.project("shop", stage("shop", "dev"))
    store = world.forge.store
    with store.database.change() as change:
        store.projects.note(change, "shop", "dev")
    projects.change(replace(made, port=99), {}, actor="ann")
    assert store.projects.noted("shop", "dev")
    projects.change(replace(made, image="registry.example/other"), {}, actor="ann")
    assert not store.projects.noted("shop", "dev")


# ---- connections


def test_a_connection_in_use_stays(world):
    connections = world.forge.connections
    made = world.project("shop", registry="example")
    live(world, "v1")
    for type_, name in ((RegistryConnection, "example"), (ProxyConnection, "caddy"), (EngineConnection, "local")):
        with pytest.raises(Conflict) as raised:
            connections.delete(type_, name, actor="ann")
        assert raised.value.code == "in_use"
    world.forge.projects.change(replace(made, proxy="published"), {}, actor="ann")
    with pytest.raises(Conflict, match="sends people"):
        connections.delete(ProxyConnection, "caddy", actor="ann")
    live(world, "v2")
    until(lambda: len(containers(world)) == 1, "the old one is gone")
    connections.delete(ProxyConnection, "caddy", actor="ann")
    assert world.forge.store.deploys.page()[0].status is DeployStatus.SUCCEEDED
