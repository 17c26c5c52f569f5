"""What is used, over HTTP: now and over time, and only what may be seen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from forge.api.metrics import MOST
from forge.domain.instance import InstanceStatus
from forge.domain.metrics import MACHINE, Sample
from forge.domain.person import Principal, Role
from tests.api_world import world_fixture  # noqa: F401

STRANGER = Principal(name="eve", role=Role.VIEWER, projects=frozenset({"other"}))


@pytest.fixture
def shop(world):
    world.make_shop()
    world.add_instance()
    return world


def keep(world, *samples):
    with world.runtime.store.database.change() as change:
        world.runtime.store.metrics.add(change, samples)


def sample(world, subject="a1b2c3", *, ago=0.0, **more):
    now = world.runtime.store.database.clock()
    given = {"at": now - ago, "seconds": 10, "cpu": 0.5, "memory": 1000, "received": 20, "sent": 10, **more}
    return Sample(subject=subject, **given)


def known(line):
    return [value for value in line if value is not None]


# ---- now


def test_now_is_what_was_measured_last_with_sparks(shop):
    keep(shop, sample(shop, ago=300, cpu=0.1, seconds=20), sample(shop, cpu=0.3))
    shop.runtime.sampler.latest = {"a1b2c3": sample(shop), MACHINE: sample(shop, MACHINE, cpu=0.2, memory=5)}
    shop.runtime.sampler.readings.versions["local"] = "28.5.1"
    said = shop.ask("GET", "/api/metrics/now").json
    instance = said["instances"]["a1b2c3"]
    assert (instance["cpu"], instance["memory"], instance["received"], instance["sent"]) == (0.5, 1000, 20, 10)
    assert known(instance["cpu_spark"])[0] == 0.1
    assert instance["cpu_spark"][-1] == 0.3
    assert len(instance["cpu_spark"]) == len(instance["memory_spark"]) == 30
    assert said["spark_step"] == 20
    machine = said["machine"]
    assert (machine["cpu"], machine["memory"], machine["engine"]) == (0.2, 5, "28.5.1")
    assert machine["processors"] >= 1
    assert 0 < machine["disk"] < machine["disk_total"]


def test_now_of_what_was_not_measured_yet_is_not_known(shop):
    said = shop.ask("GET", "/api/metrics/now").json
    instance = said["instances"]["a1b2c3"]
    assert (instance["cpu"], known(instance["cpu_spark"])) == (None, [])
    assert (said["machine"]["cpu"], said["machine"]["engine"], said["every"]) == (None, None, 3.0)
    assert said["due"] >= 0


def test_now_shows_the_projects_that_one_may_see(shop):
    assert shop.browser(STRANGER).get("/api/metrics/now").json["instances"] == {}


# ---- over time


@pytest.mark.parametrize(
    ("window", "step", "points"), [("30m", 10, 180), ("2h", 30, 240), ("24h", 300, 288), ("7d", 1800, 336)]
)
def test_each_window_has_its_steps_and_gaps_are_said(shop, window, step, points):
    keep(shop, sample(shop, seconds=step), sample(shop, ago=3 * step, seconds=step))
    said = shop.ask("GET", f"/api/metrics?window={window}").json
    assert (said["step"], said["points"], said["left_out"]) == (step, points, 0)
    assert said["start"] % step == 0
    assert said["start"] + step * points > said["at"]
    (instance,) = said["instances"]
    assert (instance["instance"], instance["project"], instance["stage"], instance["tag"]) == (
        "a1b2c3", "shop", "dev", "dev-1",
    )  # fmt: skip
    assert instance["lines"]["cpu"][-4:] == [0.5, None, None, 0.5]
    assert set(instance["lines"]) == {"cpu", "memory", "received", "sent"}
    assert len(said["machine"]["cpu"]) == points


def test_one_can_ask_for_a_project_a_stage_or_an_instance(shop):
    shop.add_instance("d4e5f6", "rel")
    keep(shop, sample(shop), sample(shop, "d4e5f6"))

    def told(query):
        return {one["instance"] for one in shop.ask("GET", f"/api/metrics{query}").json["instances"]}

    assert told("") == told("?project=shop") == {"a1b2c3", "d4e5f6"}
    assert told("?project=shop&stage=rel") == told("?instance=d4e5f6") == {"d4e5f6"}


def test_an_instance_that_was_removed_is_there_as_long_as_the_window_goes_back_to_it(shop):
    found = shop.runtime.store.instances.get("a1b2c3")
    keep(shop, sample(shop))
    with shop.runtime.store.database.change() as change:
        shop.runtime.store.instances.put(change, replace(found, status=InstanceStatus.REMOVED, serving=False))
    (instance,) = shop.ask("GET", "/api/metrics").json["instances"]
    assert instance["status"] == "removed"
    with shop.runtime.store.database.change() as change:
        change.execute("UPDATE instance SET since = since - 2000")
    assert shop.ask("GET", "/api/metrics?window=30m").json["instances"] == []


def test_of_too_many_the_busiest_are_told(shop):
    for number in range(MOST + 3):
        add_quiet(shop, number)
        keep(shop, sample(shop, f"i{number:05}", cpu=number / 100))
    said = shop.ask("GET", "/api/metrics").json
    assert (len(said["instances"]), said["left_out"]) == (MOST, 3)
    assert said["instances"][0]["instance"] == f"i{MOST + 2:05}"


def test_those_that_are_there_come_before_those_that_were(shop):
    add_quiet(shop, 1)
    keep(shop, sample(shop, cpu=0.9), sample(shop, "i00001", cpu=0.1))
    found = shop.runtime.store.instances.get("a1b2c3")
    with shop.runtime.store.database.change() as change:
        shop.runtime.store.instances.put(change, replace(found, status=InstanceStatus.REMOVED, serving=False))
    said = shop.ask("GET", "/api/metrics").json["instances"]
    assert [one["instance"] for one in said] == ["i00001", "a1b2c3"]


def add_quiet(world, number):
    """One that does not serve: a stage is served by one."""
    found = world.runtime.store.instances.get("a1b2c3")
    with world.runtime.store.database.change() as change:
        world.runtime.store.instances.put(change, replace(found, id=f"i{number:05}", serving=False, slot=str(number)))


def test_what_one_may_not_see_is_not_there(shop):
    keep(shop, sample(shop))
    eve = shop.browser(STRANGER)
    assert eve.get("/api/metrics").json["instances"] == []
    assert eve.get("/api/metrics?instance=a1b2c3").json["code"] == "no_instance"
    assert shop.nobody.get("/api/metrics").status_code == shop.nobody.get("/api/metrics/now").status_code == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [("window=1y", 422), ("stage=dev", 422), ("instance=nope", 404), ("since=1", 422)],
)
def test_what_makes_no_sense_is_refused(shop, query, status):
    assert shop.ask("GET", f"/api/metrics?{query}").status_code == status


# ---- live


def stream(client, topics, headers=None):
    answer = client.get(f"/api/events?topics={topics}", headers=headers, buffered=False)
    body = iter(answer.response)
    lines = next(body).decode().splitlines()
    return answer, body, [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_the_sampler_knows_whether_somebody_looks(shop):
    shop.runtime.sampler.latest = {MACHINE: sample(shop)}
    assert shop.runtime.sampler.every == 30
    answer, _, (hello,) = stream(shop.nobody, "state,metrics", shop.bearer)
    assert set(hello["payload"]["cursors"]) == {"state", "metrics"}
    assert shop.runtime.sampler.every == 3
    answer.close()
    assert shop.runtime.sampler.every == 30


def test_what_is_measured_goes_out_live(shop):
    answer, body, _ = stream(shop.nobody, "metrics", shop.bearer)
    shop.runtime.sampler.look()
    frame = next(body).decode()
    assert '"type":"metrics"' in frame
    assert frame.startswith("id: ")
    answer.close()


def test_who_sees_some_projects_only_has_to_ask(shop):
    answer, _, (hello,) = stream(shop.browser(STRANGER), "state,metrics")
    assert set(hello["payload"]["cursors"]) == {"state"}
    answer.close()
