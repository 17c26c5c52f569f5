"""What is written down follows what the engine and the proxies have, and strangers are left alone."""

from dataclasses import replace

import pytest

from forge.deploy.reconcile import seen
from forge.domain.errors import EngineError
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.route import Route, Target
from forge.ports import HOME_LABEL, INSTANCE_LABEL, InstanceState
from forge.store.database import StoreUnavailable
from tests.unit.deploying import Gate, ask, containers, live, make_world
from tests.world import stage

INSTANCE = Instance(
    id="a1b2c3", project="shop", stage="dev", deploy=1, tag="v1", digest="sha256:0", engine="local", name="n",
    serving=True, wanted=False, target=Target("127.0.0.1", 20000), domain="shop.net",
)  # fmt: skip


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    """Without threads of its own: a test reconciles when it says so."""
    made = make_world(tmp_path, monkeypatch, checkpoint=gate, start=False)
    made.forge.deployer.start()
    yield made
    made.forge.close()


@pytest.fixture
def reconciler(world):
    return world.forge.follower.reconciler


def one(world, name="dev", project="shop"):
    (instance,) = world.forge.store.instances.serving(project, name)
    return instance


def events(world, type_):
    store = world.forge.store
    return [e.payload for e in reversed(store.events.activity(before=None, limit=1000)) if e.type == type_]


@pytest.mark.parametrize(
    ("status", "more", "wanted"),
    [
        ("running", {}, InstanceStatus.RUNNING),
        ("running", {"health": "healthy"}, InstanceStatus.RUNNING),
        ("running", {"health": "unhealthy"}, InstanceStatus.UNHEALTHY),
        ("paused", {}, InstanceStatus.RUNNING),
        ("restarting", {"exit_code": 1}, InstanceStatus.UNHEALTHY),
        ("created", {}, InstanceStatus.STARTING),
        ("exited", {"exit_code": 3}, InstanceStatus.STOPPED),
        ("dead", {}, InstanceStatus.STOPPED),
    ],
)
def test_every_status_of_the_engine_has_its_word(status, more, wanted):
    state = InstanceState(id="c1", name="n", labels={}, image="i", status=status, **more)
    now = seen(INSTANCE, state)
    assert (now.status, now.container) == (wanted, "c1")
    assert now.exit_code == (None if status == "running" else more.get("exit_code"))


def test_what_is_gone_is_missing_and_nothing_else_of_it_changes():
    assert seen(INSTANCE, None) == replace(INSTANCE, status=InstanceStatus.MISSING)


def test_who_serves_and_what_a_person_wants_is_not_the_reconcilers():
    state = InstanceState(id="c1", name="n", labels={}, image="i", status="exited", exit_code=3, restarts=4)
    now = seen(INSTANCE, state)
    assert (now.serving, now.wanted, now.target, now.domain) == (True, False, INSTANCE.target, INSTANCE.domain)
    assert (now.exit_code, now.restarts) == (3, 4)


def test_what_changed_while_nobody_looked_is_found(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.engine.die(one(world).container, 7)
    reconciler.all()
    assert (one(world).status, one(world).exit_code, one(world).restarts) == (InstanceStatus.UNHEALTHY, 7, 1)
    world.engine.remove(one(world).container)
    reconciler.all()
    assert one(world).status is InstanceStatus.MISSING


def test_an_instance_that_comes_back_is_running_again(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.engine.stop(one(world).container, 1)
    reconciler.all()
    assert one(world).status is InstanceStatus.STOPPED
    world.engine.start(one(world).container)
    reconciler.look(one(world).id)
    assert (one(world).status, one(world).exit_code) == (InstanceStatus.RUNNING, None)


def test_a_candidate_is_not_missing_before_it_is_made(world, reconciler, gate):
    """Pitfall 14: what a deploy has in hand is the deployer's."""
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("note what serves")
    asked = ask(world, "dev-2")
    gate.reached("note what serves")
    before = world.forge.store.instances.present()
    reconciler.all()
    assert world.forge.store.instances.present() == before
    gate.open("note what serves")
    assert world.wait(asked).ended_well


def test_an_old_answer_of_the_engine_does_not_undo_what_a_deploy_wrote_since(world, reconciler):
    """The engine was asked before the deploy, and its answer came after it."""
    world.project()
    find, asked = world.engine.find, []

    def slow(labels):
        answer = find(labels)
        if not asked:
            asked.append(True)
            live(world, "dev-1")
        return answer

    world.engine.find = slow
    reconciler.engine("local")
    assert one(world).status is InstanceStatus.RUNNING
    assert InstanceStatus.MISSING not in {e["status"] for e in events(world, "instance_status")}


def test_a_clock_that_was_put_back_hides_nothing_that_happened_since(world, reconciler):
    world.project()
    live(world, "dev-1")
    instance = one(world)
    with world.forge.store.database.change() as change:  # as it is after the clock was put back by a day
        change.execute("UPDATE instance SET since = since + 86400")
    world.engine.remove(instance.container)
    reconciler.engine("local")
    assert one(world).status is InstanceStatus.MISSING


def test_a_route_that_the_proxy_lost_is_put_back(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.proxy.restart()
    reconciler.routes()
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_a_route_that_leads_elsewhere_is_put_right(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.proxy.point(Route("dev-shop.localhost", (Target("127.0.0.1", 9),)))
    reconciler.routes()
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_a_route_of_ours_that_leads_nowhere_is_taken_away(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.proxy.point(Route("gone.localhost", (Target("127.0.0.1", 9),)))
    reconciler.routes()
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_a_domain_that_was_left_is_taken_away_and_a_strangers_is_not(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.forge.projects.change_stage(stage("shop", "dev", domain="new.{domain}"), {}, actor="ann")
    live(world, "dev-2")
    world.proxy.strangers["theirs.localhost"] = None
    reconciler.routes()
    assert world.routes() == {"new.localhost": "dev-2"}
    assert ("remove", "theirs.localhost") not in world.proxy.changes


def test_one_route_that_is_refused_keeps_no_other_from_people(world, reconciler):
    for name in ("aaa", "shop", "zzz"):
        world.project(name)
        live(world, "dev-1", project=name)
    world.proxy.restart()
    world.proxy.strangers["dev-shop.localhost"] = None
    reconciler.routes()
    assert set(world.routes()) == {"dev-aaa.localhost", "dev-zzz.localhost"}
    (part,) = world.forge.faults()
    assert (part.kind, part.name) == ("proxy", "caddy")
    assert "dev-shop.localhost" in part.fault


def test_routes_of_a_deploy_under_way_are_left_to_it(world, reconciler, gate):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("switch route")
    asked = ask(world, "dev-2")
    gate.reached("switch route")
    reconciler.routes()
    assert world.routes() == {"dev-shop.localhost": "dev-2"}
    gate.open("switch route")
    assert world.wait(asked).ended_well
    reconciler.routes()
    assert world.routes() == {"dev-shop.localhost": "dev-2"}


def test_leftovers_of_a_removed_instance_go_and_what_is_unknown_stays(world, reconciler):
    world.project()
    live(world, "dev-1", "dev-2")
    home = world.forge.home
    removed = next(e["id"] for e in events(world, "instance_status") if e["status"] == "removed")
    left = world.engine.stranger("left", {HOME_LABEL: home, INSTANCE_LABEL: removed})
    unknown = world.engine.stranger("unknown", {HOME_LABEL: home, INSTANCE_LABEL: "zzzzzz"})
    unlabelled = world.engine.stranger("half", {HOME_LABEL: home})
    reconciler.all()
    there = {state.id for state in world.engine.find({})}
    assert left not in there
    assert {unknown, unlabelled, one(world).container} == there


def test_a_leftover_that_cannot_be_removed_keeps_nothing_else_from_being_looked_at(world, reconciler):
    world.project()
    live(world, "dev-1", "dev-2")
    removed = next(e["id"] for e in events(world, "instance_status") if e["status"] == "removed")
    world.engine.stranger("left", {HOME_LABEL: world.forge.home, INSTANCE_LABEL: removed})
    world.engine.raises_before["remove"] = EngineError("removal is in progress")
    assert reconciler.engine("local")
    assert reconciler.engine("local")
    assert containers(world) == [("running", "dev-2")]


def test_an_engine_that_is_away_changes_no_status_and_is_told_once(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.engine.down = True
    assert [reconciler.engine("local") for _ in range(3)] == [False] * 3
    assert one(world).status is InstanceStatus.RUNNING
    world.engine.down = False
    assert [reconciler.engine("local") for _ in range(3)] == [True] * 3
    told = [(e["kind"], e["change"]) for e in events(world, "connection_changed") if e["change"] in {"down", "back"}]
    assert told == [("engine", "down"), ("engine", "back")]


def test_a_proxy_that_is_away_is_told_once_and_hides_nobody_else(world, reconciler):
    world.project()
    live(world, "dev-1")
    world.proxy.down = True
    reconciler.all()
    reconciler.all()
    assert [part.name for part in world.forge.faults()] == ["caddy"]
    world.proxy.down = False
    reconciler.all()
    assert world.forge.faults() == ()


def test_a_locked_database_is_no_fault_of_a_proxys_or_an_engines(world, reconciler, monkeypatch):
    world.project()
    live(world, "dev-1")

    def locked(*_):
        raise StoreUnavailable("The database is locked")

    monkeypatch.setattr(type(world.forge.store.preferences), "own", locked)  # where Forge's mark on an engine stands
    monkeypatch.setattr(type(world.forge.store.deploys), "under_way", locked)
    for look in (lambda: reconciler.engine("local"), reconciler.routes):
        with pytest.raises(StoreUnavailable):
            look()
    assert world.forge.faults() == ()


def test_an_instance_nobody_knows_is_no_error(world, reconciler):
    reconciler.look("zzzzzz")
    assert world.forge.store.instances.present() == []
