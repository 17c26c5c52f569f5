"""Stories of the deployer, told on fakes: the product's own composition with other adapters."""

import threading
import time

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.errors import Conflict, EngineError, Unavailable
from forge.store.database import StoreUnavailable
from tests.fake_engine import Behaviour
from tests.unit.deploying import Gate, ask, begun, containers, journal, live, log, make_world, many, reach, status
from tests.world import stage, until

SICK = Behaviour(healthy_after=None)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def queue(world, tag, project="shop", name="dev", actor="ann"):
    """Put a deploy in the queue as the watchers do: without asking the engine."""
    store = world.forge.store
    with store.database.change() as change:
        project, place = store.projects.get(project), store.projects.stage(project, name)
        digest = world.registry.digest(project.name, tag)
        queued = world.forge.requests.queue.add(change, place, project, tag=tag, digest=digest, actor=actor)
    world.forge.deployer.wake()
    return queued


def test_a_tag_goes_live(world):
    world.project()
    world.push("dev-1")
    deploy = world.deploy("dev-1")
    assert (deploy.status, deploy.failure) == (DeployStatus.SUCCEEDED, None)
    assert world.serving() == ["dev-1"]
    assert world.routes() == {"dev-shop.localhost": "dev-1"}


def test_a_newer_tag_replaces_the_old_one_and_only_one_runs(world):
    world.project()
    live(world, "dev-1", "dev-2")
    assert world.serving() == ["dev-2"]
    assert world.routes() == {"dev-shop.localhost": "dev-2"}
    assert containers(world) == [("running", "dev-2")]


def test_a_broken_tag_is_taken_back_and_its_last_words_are_kept(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2", behaviour=Behaviour(exit_code=3, errors=("no database",)))
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == (DeployStatus.FAILED, "wait until healthy")
    assert world.serving() == ["dev-1"]
    words = world.forge.store.deploys.last_words(deploy.id)
    assert words["exit_code"] == 3
    assert "no database" in [line["text"] for line in words["lines"]]
    assert world.forge.store.deploys.quarantined("shop", "dev", deploy.digest) is not None


def test_without_an_earlier_deploy_there_is_nothing_to_roll_back_to(world):
    world.project()
    live(world, "dev-1")
    with pytest.raises(Conflict, match="no earlier deploy"):
        world.forge.requests.rollback("shop", "dev", actor="test")


# ---- one at a time


def test_two_deploys_of_one_stage_never_run_at_once(world):
    """Pitfall 11: asked for by eight threads at once."""
    world.project()
    for number in range(8):
        world.push(f"dev-{number}")
    most, seen = [], threading.Event()

    def watch():
        while not seen.is_set():
            most.append(len(world.forge.store.deploys.under_way()))
            time.sleep(0.0005)

    watcher = threading.Thread(target=watch)
    askers = [threading.Thread(target=ask, args=(world, f"dev-{number}")) for number in range(8)]
    for thread in (watcher, *askers):
        thread.start()
    for thread in askers:
        thread.join()
    until(lambda: not world.forge.deployer.busy(), "the deployer is idle")
    seen.set()
    watcher.join()
    deploys = world.forge.store.deploys.page()
    assert len(deploys) == 8
    assert {d.status.value for d in deploys} <= {"succeeded", "superseded"}
    assert deploys[0].status is DeployStatus.SUCCEEDED
    assert max(most) == 1
    assert containers(world) == [("running", deploys[0].tag)]


def test_a_newer_queued_deploy_supersedes_an_older_queued_one(world, gate):
    world.project()
    for tag in ("dev-1", "dev-2", "dev-3"):
        world.push(tag)
    gate.hold("start")
    first = ask(world, "dev-1")
    gate.reached("start")
    second, third = ask(world, "dev-2"), ask(world, "dev-3")
    gate.open("start")
    assert world.wait(third).status is DeployStatus.SUCCEEDED
    assert (status(world, first), status(world, second)) == ("succeeded", "superseded")
    assert world.forge.store.deploys.get(second.id).failure == f"Superseded by deploy #{third.id}"


def test_where_each_tag_has_its_own_place_only_the_same_tag_is_superseded(world, gate):
    world.project("shop", many("shop", limit=3))
    for tag in ("a", "b", "c"):
        world.push(tag)
    gate.hold("start")
    first = ask(world, "a")
    gate.reached("start")
    second, third, again = ask(world, "b"), ask(world, "c"), ask(world, "b")
    gate.open("start")
    world.wait(again)
    until(lambda: not world.forge.deployer.busy(), "the deployer is idle")
    assert [status(world, d) for d in (first, second, third, again)] == [
        "succeeded",
        "superseded",
        "succeeded",
        "succeeded",
    ]
    assert world.serving() == ["a", "c", "b"]


def test_the_first_that_was_asked_for_is_not_overtaken(world, gate):
    """The one before them ends just between two looks at the queue."""
    world.project("shop", many("shop", limit=4))
    for tag in ("a", "b", "c"):
        world.push(tag)
    gate.hold("start")
    first = ask(world, "a")
    gate.reached("start")
    deploys = world.forge.store.deploys
    real, missed = deploys.begin, []

    def begin(change, deploy):
        if deploy.tag == "b" and not missed and status(world, first) == "succeeded":
            missed.append(deploy.id)
            world.forge.deployer.wake()
            return None
        return real(change, deploy)

    deploys.begin = begin
    ask(world, "b")
    last = ask(world, "c")
    gate.open("start")
    world.wait(first)
    world.wait(last)
    until(lambda: not world.forge.deployer.busy(), "the deployer is idle")
    assert missed
    assert world.serving() == ["a", "b", "c"]


def test_different_stages_deploy_at_the_same_time(world, gate):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    world.push("v1")
    gate.hold("start")
    first = ask(world, "v1")
    gate.reached("start")
    second = ask(world, "v1", "rel")
    begun(world, second, "start")
    assert status(world, first) == status(world, second) == "running"
    gate.open("start")
    assert {world.wait(d).status.value for d in (first, second)} == {"succeeded"}


# ---- the engine is away


def test_while_the_engine_is_away_a_person_is_told_at_once(world):
    """Pitfall 23."""
    world.project()
    world.push("dev-1")
    world.engine.down = True
    with pytest.raises(Unavailable, match="start Docker"):
        ask(world, "dev-1")
    assert world.forge.store.deploys.page() == []


def test_what_is_queued_waits_for_an_engine_that_is_away_and_goes_on_when_it_is_back(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    world.engine.down = True
    waits = queue(world, "dev-2", actor="webhook")
    begin = world.engine.calls.count("ping")
    until(lambda: world.engine.calls.count("ping") > begin + 1, "Forge looks at the engine again")
    assert status(world, waits) == "queued"
    world.engine.down = False
    assert world.wait(waits).status is DeployStatus.SUCCEEDED
    assert world.serving() == ["dev-2"]


def test_nothing_queued_is_lost_across_a_restart(world):
    world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    world.push("v1")
    world.engine.down = True
    waits = [queue(world, "v1"), queue(world, "v1", name="rel")]
    world.restart()
    assert [status(world, d) for d in waits] == ["queued", "queued"]
    world.engine.down = False
    assert {world.wait(d).status.value for d in waits} == {"succeeded"}


def test_an_engine_that_goes_away_during_a_deploy_is_waited_for_and_the_deploy_tried_once_more(world, gate):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("create")
    asked = ask(world, "dev-2")
    gate.reached("create")
    world.engine.down = True
    gate.open("create")
    reach(world, asked, "reverting")
    until(lambda: any("trying again" in line for line in log(world, asked)), "Forge waits for the engine")
    world.engine.down = False
    assert world.wait(asked).status is DeployStatus.FAILED
    assert world.forge.store.deploys.quarantined("shop", "dev", asked.digest) is None
    again = world.forge.store.deploys.page(limit=1)[0]
    assert (again.source, again.actor, again.status) == (asked.id, "forge", DeployStatus.SUCCEEDED)
    assert containers(world) == [("running", "dev-2")]


# ---- the database is away


def test_a_database_that_cannot_be_written_is_waited_for_and_the_deploy_taken_back(world, gate):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("start", StoreUnavailable("The disk is full"))
    gate.breaks("reverting", StoreUnavailable("The disk is full"))
    asked = ask(world, "dev-2")
    until(lambda: status(world, asked) == "failed" and not world.forge.deployer.busy(), "it was taken back")
    assert world.serving() == ["dev-1"]
    assert containers(world) == [("running", "dev-1")]


@pytest.mark.parametrize("step", ["note what serves", "go live"])
def test_a_step_that_could_not_be_written_down_is_taken_back(world, gate, monkeypatch, step):
    """Memory must not be ahead of the file: what was not committed did not happen."""
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    deploys = world.forge.store.deploys
    real, failed = deploys.save, []

    def save(change, deploy):
        real(change, deploy)
        wanted = deploy.instance is not None if step == "note what serves" else deploy.ended_well
        if wanted and not failed:
            failed.append(True)
            raise EngineError("The row could not be written")

    monkeypatch.setattr(deploys, "save", save)
    deploy = world.deploy("dev-2")
    assert (deploy.status, deploy.failed_step) == ("failed", step)
    assert world.serving() == ["dev-1"]
    assert world.routes() == {"dev-shop.localhost": "dev-1"}
    assert containers(world) == [("running", "dev-1")]


# ---- closing and starting again


def test_closing_during_a_wait_for_health_is_quick_and_leaves_the_journal(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2", behaviour=SICK)
    asked = ask(world, "dev-2")
    begun(world, asked, "wait until healthy")
    began = time.monotonic()
    world.forge.close()
    assert time.monotonic() - began < 2
    world.forge = world.compose()
    assert status(world, asked) == "running"
    assert journal(world, asked)[-1] == ("wait until healthy", "running")


def test_closing_during_a_pull_is_no_failure(world):
    world.project()
    world.push("dev-1", behaviour=Behaviour(pull_waits=True))
    asked = ask(world, "dev-1")
    begun(world, asked, "pull")
    world.forge.close()
    world.forge = world.compose()
    assert status(world, asked) == "running"


def test_what_was_left_under_way_is_taken_back_and_tried_once_more_but_not_again(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2", behaviour=SICK)
    asked = ask(world, "dev-2")
    begun(world, asked, "wait until healthy")
    world.restart()
    reach(world, asked, "failed")
    until(lambda: world.forge.store.deploys.page()[0].id != asked.id, "it is tried once more")
    again = world.forge.store.deploys.page()[0]
    assert (again.actor, again.source, again.digest) == ("forge", asked.id, asked.digest)
    assert world.serving() == ["dev-1"]
    begun(world, again, "wait until healthy")
    world.restart()
    reach(world, again, "failed")
    until(lambda: not world.forge.deployer.busy(), "the deployer is idle")
    assert world.forge.store.deploys.page()[0].id == again.id
    assert containers(world) == [("running", "dev-1")]


def test_what_is_tried_once_more_does_not_supersede_what_was_asked_for_since(world):
    world.project()
    live(world, "dev-1")
    world.push("dev-2", behaviour=SICK)
    world.push("dev-3")
    asked = ask(world, "dev-2")
    begun(world, asked, "wait until healthy")
    newer = ask(world, "dev-3")
    world.restart()
    assert world.wait(newer).status is DeployStatus.SUCCEEDED
    assert status(world, asked) == "failed"
    assert world.serving() == ["dev-3"]
    assert world.forge.store.deploys.page()[0].id == newer.id


def test_cancelled_and_then_stopped_it_ends_cancelled_and_is_not_tried_again(world, gate):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.hold("start")
    asked = ask(world, "dev-2")
    gate.reached("start")
    world.forge.requests.cancel(asked.id, actor="ann")
    world.forge.deployer._closing.set()
    gate.open("start")
    world.restart()
    reach(world, asked, "cancelled")
    until(lambda: not world.forge.deployer.busy(), "the deployer is idle")
    assert len(world.forge.store.deploys.page()) == 2
    assert world.serving() == ["dev-1"]


def test_stopped_while_it_takes_back_it_goes_on_taking_back(world, gate):
    world.project()
    live(world, "dev-1")
    world.push("dev-2")
    gate.breaks("confirm through the route", EngineError("Broken on purpose"))
    gate.hold("undo switch route")
    asked = ask(world, "dev-2")
    gate.reached("undo switch route")
    world.engine.down = True
    gate.open("undo switch route")
    until(lambda: any("trying again" in line for line in log(world, asked)), "Forge waits for the engine")
    world.restart()
    assert status(world, asked) == "reverting"
    world.engine.down = False
    assert world.wait(asked).failure == "Broken on purpose"
    assert status(world, asked) == "failed"
    assert containers(world) == [("running", "dev-1")]
    assert len(world.forge.store.deploys.page()) == 2


def test_what_was_begun_and_cannot_be_taken_back_is_stuck_not_failed(world, gate):
    world.project()
    world.push("dev-1")
    gate.hold("start")
    asked = ask(world, "dev-1")
    gate.reached("start")
    world.forge.deployer._closing.set()
    gate.open("start")
    world.forge.close()
    world.forge = world.compose()
    with world.forge.store.database.change() as change:
        change.execute("DELETE FROM connection WHERE name = 'caddy'")
    world.forge.start()
    reach(world, asked, "stuck")
    assert world.forge.store.deploys.get(asked.id).failure == "There is no proxy caddy"
