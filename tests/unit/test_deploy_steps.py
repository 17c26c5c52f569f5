"""Single steps where the world is not as it was a moment ago."""

from dataclasses import replace

import pytest

from forge.deploy import steps
from forge.deploy.pipeline import PIPELINES
from forge.domain.errors import EngineError
from forge.domain.project import Volume, VolumeKind
from tests.fake_engine import Behaviour
from tests.unit.deploying import Gate, containers, journal, live, log, make_world, prefer
from tests.world import stage


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def world(tmp_path, monkeypatch, gate):
    made = make_world(tmp_path, monkeypatch, checkpoint=gate)
    yield made
    made.forge.close()


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


def test_a_domain_that_is_anothers_is_told_before_anything_is_made(world):
    world.project("shop", stage("shop", "dev", domain="one.{domain}"))
    live(world, "dev-1")
    world.project("cart", stage("cart", "dev", max_instances=2, domain="{tag}.{domain}"))
    world.push("one", "cart")
    deploy = world.deploy("one", project="cart")
    assert (deploy.status, deploy.failed_step) == ("failed", "note what serves")
    assert "one.localhost already leads to shop/dev (dev-1)" in deploy.failure
    assert world.routes() == {"one.localhost": "dev-1"}


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
