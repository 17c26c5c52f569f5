"""What past starts say of a time-out."""

import time

import pytest

from forge.deploy.starts import starts_of
from forge.domain.deploy import DeployStatus
from forge.domain.project import Health, HealthKind
from tests.unit.deploying import make_world
from tests.unit.watching import World

PAST = [14.0, 12.0, 20.0]


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (10, "Typical start 14.0 s: your limit of 10 s will take back good images"),
        (24, "Slowest start 20.0 s"),
        (25, ""),
    ],
)
def test_a_limit_that_starts_do_not_keep_is_doubted_with_what_to_do(limit, said):
    found = starts_of(Health(timeout=limit), PAST)
    assert (found.count, found.typical, found.slowest, found.limit) == (3, 14, 20, limit)
    assert found.doubt.startswith(said)
    assert bool(found.doubt) == bool(said) == ("raise the health time-out" in found.doubt)


@pytest.mark.parametrize(
    ("health", "past"),
    [(Health(), PAST), (Health(timeout=1), []), (Health(kind=HealthKind.RUNNING, timeout=1), PAST)],
)
def test_what_is_derived_or_not_known_or_no_limit_at_all_is_not_doubted(health, past):
    assert starts_of(health, past).doubt == ""


def test_explaining_warns_of_a_limit_that_would_take_back_good_images(tmp_path, monkeypatch):
    world = World(tmp_path)
    world.project(health=Health(timeout=10))
    world.stage()
    monkeypatch.setattr(world.store.deploys, "durations", lambda *_: [14.0])
    name, ok, text = world.service.explain("shop", "dev", "dev-1", f"sha256:{1:064}").checks[-1]
    assert (name, ok) == ("health", None)
    assert text.startswith("Typical start 14.0 s")
    world.store.database.close()


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_in_a_step_does_not_say_how_long_that_took(tmp_path, monkeypatch, years):
    ahead = [0.0]

    def set_clock(moment):
        if moment == "wait until healthy":
            ahead[0] = years * 365 * 86400.0

    world = make_world(tmp_path, monkeypatch, checkpoint=set_clock)
    world.forge.store.database.clock = lambda: time.time() + ahead[0]
    world.project()
    world.push("v1")
    assert world.deploy("v1").status is DeployStatus.SUCCEEDED
    (took,) = world.forge.store.deploys.durations("shop", "wait until healthy")
    assert 0 <= took < 60
    assert world.serving() == ["v1"]
    world.forge.close()
