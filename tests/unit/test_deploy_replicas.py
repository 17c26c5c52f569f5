"""Several instances of one digest: made and proven one after the other, taken back as one, seen each for itself."""

from dataclasses import replace

import pytest

from forge.deploy.pipeline import pipeline_of
from forge.domain.connection import ProxyConnection
from forge.domain.errors import Conflict, EngineError, Invalid
from forge.domain.project import Health, HealthKind
from forge.domain.stage import Strategy
from forge.ports import INSTANCE_LABEL
from tests.fake_engine import Behaviour
from tests.unit.deploying import EXCLUSIVE, Gate, ask, containers, journal, live, log, make_world
from tests.world import stage, until

DOMAIN = "dev-shop.localhost"
SICK = Behaviour(healthy_after=None)
EACH = ("create", "start", "wait until healthy", "switch route", "confirm through the route")
NAMES = [step.name for step in pipeline_of(Strategy.SIDE_BY_SIDE, 3)]


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def shop(world, replicas=3, **more):
    """A project with a stage of several; `more` is the stage's."""
    health = Health(kind=HealthKind.HTTP, path="/", timeout=0.1)
    return world.project("shop", stage("shop", "dev", replicas=replicas, **more), health=health)


def want(world, replicas):
    found = world.forge.store.projects.stage("shop", "dev")
    world.forge.projects.change_stage(replace(found, replicas=replicas), {}, actor="ann")


def led(world, domain=DOMAIN):
    """The tags, and which of them, that a domain leads to."""
    by_target = {i.target: (i.tag, i.replica) for i in world.forge.store.instances.present()}
    (route,) = [route for route in world.proxy.routes() if route.domain == domain]
    return sorted(by_target[target] for target in route.targets)


def serving(world):
    return world.forge.store.instances.serving("shop", "dev")


def look(world):
    world.forge.follower.reconciler.all()


# ---- the steps


def test_each_is_made_proven_and_led_to_before_the_next_is_made_and_the_bake_is_of_all():
    assert NAMES[:5] == ["resolve digest", "pull", "note what serves", "prepare the route", "create 1 of 3"]
    assert NAMES[5] == "pre-deploy", "once, and before any starts"
    assert [name for name in NAMES if name.endswith(" of 3")] == [
        f"{name} {n} of 3" for n in (1, 2, 3) for name in EACH
    ]
    assert NAMES[-3:] == ["bake", "drain and stop the old", "go live"]


def test_they_are_there_each_with_a_number_a_name_and_a_port_of_its_own(world):
    shop(world)
    (deploy,) = live(world, "dev-1")
    assert [name for name, _ in journal(world, deploy)] == NAMES
    made = serving(world)
    assert [(one.replica, one.domain, one.deploy) for one in made] == [(n, DOMAIN, deploy.id) for n in (1, 2, 3)]
    assert [one.name for one in made] == [f"forge-shop-dev-{one.replica}-{one.id}" for one in made]
    assert len({one.target for one in made}) == 3
    assert led(world) == [("dev-1", 1), ("dev-1", 2), ("dev-1", 3)]
    assert "dev-1 (" in log(world, deploy)[-2]


@pytest.mark.parametrize(
    ("moment", "those"),
    [
        ("confirm through the route 1 of 3", [("dev-1", 2), ("dev-1", 3), ("dev-2", 1)]),
        ("create 2 of 3", [("dev-1", 2), ("dev-1", 3), ("dev-2", 1)]),
        ("confirm through the route 2 of 3", [("dev-1", 3), ("dev-2", 1), ("dev-2", 2)]),
        ("bake", [("dev-2", 1), ("dev-2", 2), ("dev-2", 3)]),
    ],
)
def test_they_are_replaced_one_by_one_and_nothing_stops_before_the_bake_ends(world, gate, moment, those):
    shop(world)
    live(world, "dev-1")
    old = {one.container for one in serving(world)}
    world.push("dev-2")
    gate.hold(moment)
    asked = ask(world, "dev-2")
    gate.reached(moment)
    assert led(world) == those
    assert {state.id for state in world.engine.find({}) if state.running} >= old
    gate.open(moment)
    assert world.wait(asked).ended_well
    assert containers(world) == [("running", "dev-2")] * 3


# ---- taken back


@pytest.mark.parametrize("step", [name for name in NAMES if name != "go live"])
def test_at_the_first_failure_all_that_is_new_goes_and_all_old_ones_serve(world, gate, step):
    shop(world)
    live(world, "dev-1")
    before = [one.id for one in serving(world)]
    world.push("dev-2")
    gate.breaks(step, EngineError("Broken on purpose"))
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step, deploy.failure) == ("failed", step, "Broken on purpose")
    assert [name for name, _ in journal(world, deploy)] == NAMES[: NAMES.index(step) + 1], "nothing after it"
    assert [one.id for one in serving(world)] == before
    assert led(world) == [("dev-1", 1), ("dev-1", 2), ("dev-1", 3)]
    assert containers(world) == [("running", "dev-1")] * 3


def test_a_sick_image_is_stopped_at_the_first_and_people_never_see_it(world):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2", behaviour=SICK)
    changes = len(world.proxy.changes)
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == ("failed", "wait until healthy 1 of 3")
    assert len(world.proxy.changes) == changes
    assert [call for call in world.engine.calls if call == "create"] == ["create"] * 4


def test_one_that_fails_while_the_next_is_proven_ends_the_deploy_with_its_own_last_words(world, gate):
    shop(world, bake=30)
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("confirm through the route 3 of 3")
    asked = ask(world, "dev-2")
    gate.reached("confirm through the route 3 of 3")
    second = next(one for one in world.forge.store.instances.of_deploy(asked.id) if one.replica == 2)
    world.engine.write(second.container, "the second says why")
    world.engine.die(second.container, 7)
    gate.open("confirm through the route 3 of 3")
    deploy = world.wait(asked)
    assert (deploy.status, deploy.failed_step) == ("failed", "bake")
    assert "exit code 7" in deploy.failure
    words = world.forge.store.deploys.last_words(deploy.id)
    assert [line["text"] for line in words["lines"]][-1] == "the second says why"
    assert led(world) == [("dev-1", 1), ("dev-1", 2), ("dev-1", 3)]


@pytest.mark.parametrize("moment", ["create 2 of 3", "switch route 2 of 3", "drain and stop the old"])
def test_a_forge_that_was_stopped_under_way_takes_all_back_and_tries_once_more(world, gate, moment):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold(moment)
    asked = ask(world, "dev-2")
    gate.reached(moment)
    world.forge.deployer._closing.set()
    gate.open(moment)
    world.restart()
    until(lambda: world.forge.store.deploys.get(asked.id).status.value == "failed", "it is taken back")
    until(lambda: not world.forge.deployer.busy(), "the deployer is idle")
    assert {one.tag for one in serving(world)} == {"dev-2"}, "tried once more"
    assert containers(world) == [("running", "dev-2")] * 3
    assert led(world) == [("dev-2", 1), ("dev-2", 2), ("dev-2", 3)]


# ---- another number


@pytest.mark.parametrize(("first", "then"), [(1, 3), (3, 1), (2, 3), (3, 2)])
def test_the_same_digest_deployed_again_changes_the_number(world, first, then):
    shop(world, first)
    live(world, "dev-1")
    want(world, then)
    assert world.deploy("dev-1").ended_well
    assert [one.replica for one in serving(world)] == list(range(1, then + 1))
    assert led(world) == [("dev-1", number) for number in range(1, then + 1)]
    assert containers(world) == [("running", "dev-1")] * then


def test_rolling_back_brings_the_number_of_then(world):
    shop(world, 2)
    live(world, "dev-1")
    want(world, 3)
    live(world, "dev-2")
    assert world.wait(world.forge.requests.rollback("shop", "dev", actor="ann")).ended_well
    assert [(one.tag, one.replica) for one in serving(world)] == [("dev-1", 1), ("dev-1", 2)]


def test_each_of_several_tags_has_its_replicas_and_the_limit_counts_tags(world):
    shop(world, 2, max_instances=2)
    live(world, "dev-1", "dev-2", "dev-3")
    assert sorted({(one.tag, one.replica) for one in serving(world)}) == [
        ("dev-2", 1), ("dev-2", 2), ("dev-3", 1), ("dev-3", 2),
    ]  # fmt: skip
    assert led(world, "dev-shop-dev-3.localhost") == [("dev-3", 1), ("dev-3", 2)]
    assert len(containers(world)) == 4


# ---- one of them


def test_one_that_dies_is_shown_and_left_out_until_it_answers_again(world):
    shop(world)
    live(world, "dev-1")
    two = serving(world)[1]
    world.engine.stop(two.container, 0)
    world.forge.follower.reconciler.routes()
    world.forge.follower.reconciler.look(two.id)
    world.forge.follower.reconciler.routes()
    assert [one.status.value for one in serving(world)] == ["running", "stopped", "running"]
    assert led(world) == [("dev-1", 1), ("dev-1", 3)]
    world.engine.start(two.container)
    world.engine.freeze(two.container)
    world.forge.follower.reconciler.look(two.id)
    world.forge.follower.reconciler.routes()
    assert led(world) == [("dev-1", 1), ("dev-1", 3)], "it runs, and does not answer yet"
    world.engine.freeze(two.container, frozen=False)
    world.forge.follower.reconciler.routes()
    assert led(world) == [("dev-1", 1), ("dev-1", 2), ("dev-1", 3)]


def test_where_none_is_well_people_are_led_to_all(world):
    shop(world, 2)
    live(world, "dev-1")
    for one in serving(world):
        world.engine.freeze(one.container)
        world.engine.stop(one.container, 0)
        world.forge.follower.reconciler.look(one.id)
    world.forge.follower.reconciler.routes()
    assert led(world) == [("dev-1", 1), ("dev-1", 2)]


def test_one_that_a_person_stops_is_left_out_first_and_led_to_again_when_started(world):
    shop(world)
    live(world, "dev-1")
    two = serving(world)[1]
    seen = []
    stop = world.engine.stop
    world.engine.stop = lambda *given: (seen.append(led(world)), stop(*given))[1]
    world.forge.instances.stop(two.id, actor="ann")
    assert seen == [[("dev-1", 1), ("dev-1", 3)]]
    world.forge.instances.start(two.id, actor="ann")

    def all_answer():  # what the engine told of the end may be read only now
        world.forge.follower.reconciler.routes()
        return led(world) == [("dev-1", 1), ("dev-1", 2), ("dev-1", 3)]

    until(all_answer, "people are led to it again")


def test_one_that_a_person_removes_leaves_the_others_serving(world):
    shop(world)
    live(world, "dev-1")
    world.forge.instances.remove(serving(world)[0].id, actor="ann")
    look(world)
    assert led(world) == [("dev-1", 2), ("dev-1", 3)]
    assert containers(world) == [("running", "dev-1")] * 2
    for one in serving(world):
        world.forge.instances.remove(one.id, actor="ann")
    assert world.proxy.routes() == ()


def test_one_that_somebody_removed_is_missing_and_the_others_serve(world):
    shop(world)
    live(world, "dev-1")
    world.engine.remove(serving(world)[2].container)
    look(world)
    assert [one.status.value for one in serving(world)] == ["running", "running", "missing"]
    world.forge.follower.reconciler.routes()
    assert led(world) == [("dev-1", 1), ("dev-1", 2)]


def test_while_a_deploy_is_under_way_none_of_them_is_a_persons_to_touch(world, gate):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("switch route 2 of 3")
    asked = ask(world, "dev-2")
    gate.reached("switch route 2 of 3")
    for one in (*serving(world), *world.forge.store.instances.of_deploy(asked.id)):
        with pytest.raises(Conflict):
            world.forge.instances.stop(one.id, actor="ann")
    look(world)
    assert led(world) == [("dev-1", 3), ("dev-2", 1), ("dev-2", 2)], "the reconciler leaves it alone too"
    gate.open("switch route 2 of 3")
    assert world.wait(asked).ended_well


# ---- where it cannot be


def test_a_proxy_that_leads_to_one_instance_is_said_when_it_is_set_and_when_it_is_deployed(world):
    shop(world)
    store = world.forge.store
    with store.database.change() as change:
        npm = ProxyConnection(name="caddy", kind="npm", url="http://127.0.0.1:81", username="a@example.org")
        store.connections.put(change, npm, "test")
    with pytest.raises(Invalid, match="leads a domain to one instance") as refused:
        want(world, 2)
    assert refused.value.fields == {"replicas": "1 with npm"}
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failed_step) == ("failed", "note what serves")
    assert "Nginx Proxy Manager leads a domain to one instance" in deploy.failure
    assert world.engine.find({}) == ()


@pytest.mark.parametrize("more", [{"volumes": (EXCLUSIVE,)}, {"proxy": "published"}])
def test_what_cannot_run_beside_itself_or_has_no_proxy_is_refused(world, more):
    with pytest.raises(Invalid) as refused:
        world.project("shop", stage("shop", "dev", replicas=2), **more)
    assert "replicas" in refused.value.fields


def test_a_container_carries_the_id_of_its_own_instance(world):
    shop(world)
    live(world, "dev-1")
    for one in serving(world):
        (state,) = world.engine.find({INSTANCE_LABEL: one.id})
        assert state.id == one.container
