"""What a deploy does, step by step, and how it is taken back."""

import re

import pytest

from forge.deploy.pipeline import PIPELINES
from forge.domain.deploy import DeployStatus
from forge.domain.errors import EngineError, ProxyError
from forge.domain.project import Health, HealthKind
from forge.domain.stage import Strategy
from forge.ports import HealthCheck
from tests.fake_engine import Behaviour
from tests.unit.deploying import (
    EXCLUSIVE,
    Gate,
    ask,
    begun,
    candidate,
    containers,
    journal,
    live,
    log,
    make_world,
    reach,
)
from tests.world import stage, until

BESIDE, PLACE = Strategy.SIDE_BY_SIDE, Strategy.IN_PLACE
VOLUMES = {BESIDE: (), PLACE: (EXCLUSIVE,)}
CASES = [(strategy, step.name) for strategy in Strategy for step in PIPELINES[strategy]]
SICK = Behaviour(healthy_after=None)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def shop(world, strategy=BESIDE, **more):
    health = Health(kind=HealthKind.HTTP, path="/", timeout=0.1)
    world.project(**{"volumes": VOLUMES[strategy], "health": health, **more})


def test_the_old_one_serves_until_the_new_one_is_proven_and_routed_to():
    assert [step.name for step in PIPELINES[BESIDE]] == [
        "resolve digest", "pull", "note what serves", "prepare the route", "create", "pre-deploy", "start",
        "wait until healthy", "switch route", "confirm through the route", "bake", "drain and stop the old", "go live",
    ]  # fmt: skip


def test_in_place_the_old_one_stops_before_the_new_one_starts_and_not_before_it_could_be_made():
    assert [step.name for step in PIPELINES[PLACE]] == [
        "resolve digest", "pull", "note what serves", "prepare the route", "create", "stop the old", "pre-deploy",
        "start", "wait until healthy", "switch route", "confirm through the route", "bake", "go live",
    ]  # fmt: skip


@pytest.mark.parametrize("strategy", Strategy)
def test_a_deploy_that_went_live_has_every_step_done_in_order(world, strategy):
    shop(world, strategy)
    (deploy,) = live(world, "dev-1")
    assert journal(world, deploy) == [(step.name, "done") for step in PIPELINES[strategy]]
    assert [n.position for n in world.forge.store.deploys.steps(deploy.id)] == list(range(len(PIPELINES[strategy])))


def test_the_journal_says_what_served_and_how_the_new_one_answered(world):
    shop(world)
    live(world, "dev-1")
    (deploy,) = live(world, "dev-2")
    notes = {step.name: step.note for step in world.forge.store.deploys.steps(deploy.id)}
    # the board reads both off these sentences (ui/src/lib/deploy)
    assert re.fullmatch(r"dev-1 \(\w+\) serves", notes["note what serves"])
    assert re.search(
        r"200 in \d+ ms: 0 of \d+ requests failed, switched in \d+ ms$", notes["confirm through the route"]
    )


@pytest.mark.parametrize("strategy", Strategy)
def test_a_steps_name_is_written_down_before_its_effect(tmp_path, monkeypatch, strategy):
    seen = []

    def look(moment):
        (deploy,) = made.forge.store.deploys.under_way() or made.forge.store.deploys.page(limit=1)
        seen.append((moment, journal(made, deploy)[-1]))

    made = make_world(tmp_path, monkeypatch, checkpoint=look)
    shop(made, strategy)
    live(made, "dev-1")
    made.forge.close()
    steps = [step.name for step in PIPELINES[strategy]]
    assert seen == [(name, (name, "running")) for name in steps] + [("prune", ("go live", "done"))]


@pytest.mark.parametrize(("strategy", "step"), [case for case in CASES if case[1] != "go live"])
def test_whatever_step_fails_all_is_taken_back_in_reverse_the_failing_one_included(world, gate, strategy, step):
    shop(world, strategy)
    live(world, "dev-1")
    before = world.forge.store.instances.serving("shop", "dev")
    world.push("dev-2")
    gate.breaks(step, EngineError("Broken on purpose"))
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step, deploy.failure) == ("failed", step, "Broken on purpose")
    pipeline = PIPELINES[strategy]
    begun = pipeline[: [s.name for s in pipeline].index(step) + 1]
    assert gate.undone() == [s.name for s in reversed(begun) if s.undo.__name__ != "nothing"]
    assert dict(journal(world, deploy))[step] == "failed"
    assert [i.id for i in world.forge.store.instances.serving("shop", "dev")] == [i.id for i in before]
    assert world.routes() == {"dev-shop.localhost": "dev-1"}
    assert containers(world) == [("running", "dev-1")]


@pytest.mark.parametrize("strategy", Strategy)
def test_what_fails_after_it_went_live_is_no_failure(world, gate, strategy):
    shop(world, strategy)
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("go live", EngineError("Broken on purpose"))
    assert world.deploy("dev-2").status is DeployStatus.SUCCEEDED
    assert world.serving() == ["dev-2"]
    assert containers(world) == [("running", "dev-2")]


def test_an_error_nobody_thought_of_is_taken_back_too_and_shows_no_detail(world, gate):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("start", ValueError("password=hunter2"))
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failure) == ("failed", "Internal error (ValueError): see the log")
    assert world.serving() == ["dev-1"]


def test_when_create_fails_the_old_one_still_runs(world):
    """Pitfall 1."""
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    world.engine.raises_before["create"] = EngineError("No such network")
    assert world.deploy("dev-2").status is DeployStatus.FAILED
    assert containers(world) == [("running", "dev-1")]
    assert "stop" not in world.engine.calls[world.engine.calls.index("create") + 1 :]


def test_create_that_worked_and_lost_the_answer_leaves_nothing_behind(world):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    world.engine.raises_after["create"] = EngineError("Read timed out")
    assert world.deploy("dev-2").status is DeployStatus.FAILED
    assert containers(world) == [("running", "dev-1")]


def test_a_switch_that_worked_and_lost_the_answer_is_switched_back(world, gate):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("switch route", ProxyError("Read timed out"))
    assert world.deploy("dev-2").status is DeployStatus.FAILED
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_a_first_deploy_that_fails_leaves_no_route(world, gate):
    shop(world)
    world.push("dev-1")
    gate.breaks("confirm through the route", ProxyError("Nobody answers"))
    assert world.deploy("dev-1").status is DeployStatus.FAILED
    assert world.routes() == {}
    assert containers(world) == []


def test_an_undo_that_fails_ends_stuck_and_does_not_stop_the_others(world, gate):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("confirm through the route", ProxyError("Nobody answers"))
    gate.hold("reverting")
    asked = ask(world, "dev-2")
    gate.reached("reverting")
    world.engine.raises_before["remove"] = EngineError("The disk says no")
    gate.open("reverting")
    deploy = world.wait(asked)
    assert deploy.status is DeployStatus.STUCK
    assert deploy.failure == "Nobody answers"
    undone = dict(journal(world, deploy))
    assert undone["create"] == "undo_failed"
    assert {undone[name] for name in ("switch route", "start", "note what serves")} == {"undone"}
    assert world.routes() == {"dev-shop.localhost": "dev-1"}
    assert any("create: The disk says no" in line for line in log(world, deploy))
    assert "deploy again" in log(world, deploy)[-1]


def test_a_stage_that_is_stuck_can_be_deployed_again(world, gate):
    shop(world)
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("start", EngineError("No"))
    world.engine.raises_before["remove"] = EngineError("The disk says no")
    assert world.deploy("dev-2").status is DeployStatus.STUCK
    live(world, "dev-3")
    world.forge.follower.reconciler.all()
    assert containers(world) == [("running", "dev-3")]


@pytest.mark.parametrize(("strategy", "step"), CASES)
def test_a_deploy_is_cancelled_at_any_step_and_taken_back(world, gate, strategy, step):
    shop(world, strategy)
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold(step)
    asked = ask(world, "dev-2")
    gate.reached(step)
    if step != "go live":
        world.forge.requests.cancel(asked.id, actor="ann")
    gate.open(step)
    deploy = world.wait(asked)
    wanted = ("succeeded", ["dev-2"]) if step == "go live" else ("cancelled", ["dev-1"])
    assert (deploy.status, world.serving()) == wanted
    assert containers(world) == [("running", wanted[1][0])]
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is None


@pytest.mark.parametrize(
    ("step", "behaviour", "more"),
    [
        ("pull", Behaviour(pull_waits=True), {}),
        ("wait until healthy", SICK, {}),
        ("bake", Behaviour(), {"bake": 60}),
        ("drain and stop the old", Behaviour(), {"drain": 60}),
    ],
)
def test_a_deploy_that_waits_hears_at_once_that_it_is_cancelled(world, step, behaviour, more):
    world.project("shop", stage("shop", "dev", **more))
    if step in {"bake", "drain and stop the old"}:
        live(world, "dev-1")
    world.push("dev-2", behaviour=behaviour)
    asked = ask(world, "dev-2")
    begun(world, asked, step)
    world.forge.requests.cancel(asked.id, actor="ann")
    deploy = world.wait(asked)
    assert (deploy.status, deploy.failed_step) == ("cancelled", step)
    assert deploy.failure == "Cancelled by a person"
    assert "ann asked to cancel" in log(world, deploy)


def test_only_the_images_own_fault_puts_its_digest_in_quarantine(world, gate):
    shop(world)
    digest = world.push("dev-1", behaviour=SICK)
    deploy = world.deploy("dev-1")
    kept = world.forge.store.deploys.quarantined("shop", "dev", digest)
    assert (kept.deploy, kept.reason) == (deploy.id, deploy.failure)
    fine = world.push("dev-2")
    gate.breaks("start", EngineError("The engine is out of ports"))
    world.deploy("dev-2")
    assert world.forge.store.deploys.quarantined("shop", "dev", fine) is None


def test_a_person_may_try_a_quarantined_digest_and_success_releases_it(world):
    """Pitfall 8."""
    shop(world)
    digest = world.push("dev-1", behaviour=SICK)
    first = world.deploy("dev-1")
    world.engine.known[f"registry.example/shop@{digest}"] = Behaviour()
    again = world.wait(world.forge.requests.retry(first.id, actor="ann"))
    assert again.status is DeployStatus.SUCCEEDED
    assert again.digest == digest
    assert world.forge.store.deploys.quarantined("shop", "dev", digest) is None


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (Behaviour(exit_code=3), "exit code 3"),
        (Behaviour(exit_code=137, out_of_memory=True), "out of memory"),
        (SICK, "within 0 s"),
    ],
)
def test_a_success_is_never_shown_for_what_the_engine_does_not_confirm(world, behaviour, said):
    """Pitfall 3."""
    shop(world)
    live(world, "dev-1")
    world.push("dev-2", behaviour=behaviour)
    deploy = world.deploy("dev-2")
    assert deploy.status is DeployStatus.FAILED
    assert said in deploy.failure
    assert world.serving() == ["dev-1"]


CHECKED = Behaviour(health_check=HealthCheck(command=("true",)))


@pytest.mark.parametrize(
    ("behaviour", "health", "falls", "said"),
    [
        (Behaviour(), Health(), lambda engine, made: engine.die(made, 4), "ended by itself with exit code 4"),
        (Behaviour(), Health(), lambda engine, made: engine.freeze(made), "failed 3 health checks in a row"),
        (Behaviour(), Health(path="/up"), lambda engine, made: engine.freeze(made), "failed 3 health checks in a row"),
        (CHECKED, Health(), lambda engine, made: engine.freeze(made), "Its HEALTHCHECK failed while it was watched"),
    ],
)
def test_what_does_not_stay_well_while_it_is_watched_is_taken_back(world, behaviour, health, falls, said):
    world.project("shop", stage("shop", "dev", bake=30), health=health)
    live(world, "dev-1")
    served = world.routes()
    world.push("dev-2", behaviour=behaviour)
    asked = ask(world, "dev-2")
    begun(world, asked, "bake")
    falls(world.engine, candidate(world, asked))
    deploy = world.wait(asked)
    assert (deploy.status, deploy.failed_step) == ("failed", "bake")
    assert said in deploy.failure
    assert world.routes() == served
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is not None
    kept = world.forge.store.deploys.last_words(deploy.id)["probes"]
    assert kept[0]["healthy"] is True


def test_the_newest_probes_of_a_long_watch_are_kept(world, monkeypatch):
    monkeypatch.setattr("forge.deploy.run._PROBES_KEPT", 3)
    world.project("shop", stage("shop", "dev", bake=30))
    live(world, "dev-1")
    world.push("dev-2")
    asked = ask(world, "dev-2")
    begun(world, asked, "bake")
    world.engine.freeze(candidate(world, asked))
    deploy = world.wait(asked)
    kept = world.forge.store.deploys.last_words(deploy.id)["probes"]
    assert [probe["healthy"] for probe in kept] == [None, None, None]


def test_last_words_are_kept_before_the_candidate_goes(world):
    """Pitfall 5."""
    shop(world)
    world.push("dev-1", behaviour=Behaviour(exit_code=3, errors=("no database",)))
    deploy = world.deploy("dev-1")
    words = world.forge.store.deploys.last_words(deploy.id)
    assert (words["exit_code"], words["out_of_memory"]) == (3, False)
    assert [line["text"] for line in words["lines"]][-1] == "no database"
    assert words["probes"]
    assert "no database" in log(world, deploy)
    assert containers(world) == []


def test_last_words_are_kept_also_when_the_engine_was_away(world, gate):
    shop(world)
    world.push("dev-1", behaviour=Behaviour(healthy_after=None, errors=("no database",)))
    gate.hold("reverting")
    asked = ask(world, "dev-1")
    gate.reached("reverting")
    world.engine.down = True
    gate.open("reverting")
    until(lambda: any("last words" in line for line in log(world, asked)), "Forge waits for the engine")
    world.engine.down = False
    deploy = world.wait(asked)
    assert deploy.status is DeployStatus.FAILED
    assert "no database" in log(world, deploy)
    assert containers(world) == []


def test_two_deploys_of_a_stage_never_switch_back_what_the_other_switched(world, gate):
    """A domain that another deploy under way will have is taken already."""
    world.project("shop", stage("shop", "dev", domain="one.{domain}"))
    world.push("dev-1")
    gate.hold("switch route")
    asked = ask(world, "dev-1")
    gate.reached("switch route")
    shared = stage("cart", "dev", max_instances=2, domain="{tag}.{domain}")
    world.project("cart", shared)
    world.push("one", "cart")
    late = ask(world, "one", project="cart")
    reach(world, late, "failed")
    gate.open("switch route")
    assert world.wait(asked).status is DeployStatus.SUCCEEDED
    assert world.forge.store.deploys.get(late.id).failure.startswith("one.localhost already leads to shop/dev")
    assert world.routes() == {"one.localhost": "dev-1"}
