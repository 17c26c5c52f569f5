"""Taking back: patience with parts that are away, and the last words of a failed candidate."""

import pytest

from forge.deploy import undo
from forge.deploy.run import Interrupted
from forge.deploy.steps import Step
from forge.domain.errors import EngineError, EngineUnavailable, ProxyUnavailable
from forge.domain.project import Project
from forge.domain.secret import Secret
from forge.store.database import StoreUnavailable
from tests.fake_engine import Behaviour
from tests.unit.deploying import Gate, ask, containers, live, log, make_world, reach
from tests.unit.test_deploy_run import hours, run, world  # noqa: F401 the same run
from tests.world import HOST, World, stage, until


def step(*outcomes):
    """A step whose undo ends with each of `outcomes` in turn, the last one again and again; and how often it ran."""
    ran = []

    def back(_):
        ran.append(True)
        outcome = outcomes[min(len(ran), len(outcomes)) - 1]
        if outcome is not None:
            raise outcome

    return Step("start", lambda _: "", back), ran


def test_what_is_undone_has_no_fault(run):  # noqa: F811
    it, ran = step(None)
    assert undo.undo_step(run, it) is None
    assert len(ran) == 1


def test_an_engine_that_is_away_is_waited_for_as_long_as_it_takes(run, hours):  # noqa: F811
    it, ran = step(*[EngineUnavailable("Docker is away")] * 200, None)
    assert undo.undo_step(run, it) is None
    assert len(ran) == 201
    assert hours.now > 1000


def test_a_proxy_that_is_away_is_waited_for_two_minutes(run, hours):  # noqa: F811
    it, _ = step(ProxyUnavailable("Caddy is away"))
    assert undo.undo_step(run, it) == "Caddy is away"
    assert 120 < hours.now < 140


def test_what_cannot_be_undone_is_a_sentence(run):  # noqa: F811
    assert undo.undo_step(run, step(EngineError("The disk says no"))[0]) == "The disk says no"


def test_an_error_nobody_thought_of_shows_no_detail(run):  # noqa: F811
    assert undo.undo_step(run, step(KeyError("hunter2"))[0]) == "Internal error (KeyError): see the log"


def test_a_database_that_is_away_is_no_failed_undo(run):  # noqa: F811
    with pytest.raises(StoreUnavailable):
        undo.undo_step(run, step(StoreUnavailable("The disk is full"))[0])


def test_closing_while_a_part_is_away_leaves_the_rest_for_the_next_start(run, hours):  # noqa: F811
    def close():
        hours.set = True

    hours.at[5.0] = close
    with pytest.raises(Interrupted):
        undo.undo_step(run, step(EngineUnavailable("Docker is away"))[0])


def test_it_is_said_why_nothing_goes_on(run, world):  # noqa: F811
    undo.undo_step(run, step(EngineUnavailable("Docker is away"), None)[0])
    assert world.events[-1].payload["text"] == "undo start: Docker is away; trying again in 1 s"


# ---- with all of Forge


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def forge(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path / "forge", monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


def test_a_proxy_that_stays_away_ends_stuck_and_the_route_is_put_right_when_it_is_back(forge, gate, monkeypatch):
    monkeypatch.setattr(undo, "_PROXY_PATIENCE", 0.05)
    forge.project()
    live(forge, "dev-1")
    forge.push("dev-2")
    gate.hold("switch route")
    gate.breaks("switch route", EngineError("Broken on purpose"))
    asked = ask(forge, "dev-2")
    gate.reached("switch route")
    forge.proxy.down = True
    gate.open("switch route")
    reach(forge, asked, "stuck")
    assert containers(forge) == [("running", "dev-1")]
    forge.proxy.down = False
    forge.forge.follower.reconciler.all()
    assert forge.routes() == {"dev-shop.localhost": "dev-1"}


def test_the_newest_200_lines_are_kept_and_20_of_them_shown(forge):
    forge.project()
    lines = tuple(f"line {number}" for number in range(300))
    forge.push("dev-1", behaviour=Behaviour(exit_code=1, log=lines))
    deploy = forge.deploy("dev-1")
    words = forge.forge.store.deploys.last_words(deploy.id)
    assert [line["text"] for line in words["lines"]] == list(lines[-200:])
    assert [line for line in log(forge, deploy) if line.startswith("line ")] == list(lines[-20:])


def test_last_words_that_cannot_be_read_hold_nothing_up(forge):
    forge.project()
    forge.push("dev-1", behaviour=Behaviour(exit_code=1))
    forge.engine.raises_before["logs"] = EngineError("The log driver keeps none")
    deploy = forge.deploy("dev-1")
    assert deploy.status == "failed"
    assert any("could not be read: The log driver keeps none" in line for line in log(forge, deploy))
    until(lambda: containers(forge) == [], "nothing is left over")


def test_what_was_never_made_has_no_last_words(forge, gate):
    forge.project()
    forge.push("dev-1")
    gate.breaks("note what serves", EngineError("Broken on purpose"))
    deploy = forge.deploy("dev-1")
    assert forge.forge.store.deploys.last_words(deploy.id) is None
    assert "logs" not in forge.engine.calls


def test_an_images_last_words_are_kept_without_forges_secrets(tmp_path):
    secretive = World(tmp_path)
    secretive.forge.start()
    secretive.forge.projects.create(
        Project(name="shop", image=f"{HOST}/shop", port=8080, proxy="caddy", secrets=("DB",)),
        {"DB": Secret("planted-canary-1")},
        [(stage("shop", "dev"), {})],
        actor="ann",
    )
    secretive.push("dev-1", behaviour=Behaviour(exit_code=1, errors=("no way to db://app:planted-canary-1@db",)))
    deploy = secretive.deploy("dev-1")
    kept = secretive.forge.store.deploys.last_words(deploy.id)
    assert any("no way to db" in line["text"] for line in kept["lines"])
    secretive.forge.store.database.row("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"planted-canary-1" not in secretive.forge.settings.database.read_bytes()
    secretive.forge.close()
