"""The activity feed and the sightings."""

from __future__ import annotations

import pytest

from forge.domain.sighting import Decision, Sighting
from tests.api_world import world_fixture  # noqa: F401


@pytest.fixture
def seen(world):
    world.make_shop()
    digest = world.registry.push("org/shop", "dev-1")
    waiting = Sighting(
        id=0, project="shop", stage="dev", tag="dev-1", digest=digest, source="webhook", decision=Decision.WAITING,
        reason="A person must say yes", seen=0,
    )  # fmt: skip
    with world.runtime.store.database.change() as change:
        world.runtime.store.sightings.add(change, waiting)
    return world


def test_activity_is_the_newest_first_by_pages_and_by_project(seen):
    all_of_it = seen.ask("GET", "/api/activity").json
    assert all_of_it[0]["type"] == "sighting"
    assert [event["id"] for event in all_of_it] == sorted((event["id"] for event in all_of_it), reverse=True)
    second = seen.ask("GET", f"/api/activity?before={all_of_it[0]['id']}&limit=1").json
    assert second == [all_of_it[1]]
    assert {event["project"] for event in seen.ask("GET", "/api/activity?project=shop").json} == {"shop"}


def test_activity_is_narrowed(seen):
    def types(query):
        return {event["type"] for event in seen.ask("GET", f"/api/activity?{query}").json}

    assert types("type=sighting&type=receipt") == types("actor=webhook") == {"sighting"}
    assert types("stage=rel") == {"project_changed"}
    assert "sighting" in types("quiet=true")
    seen.ask("POST", "/api/sightings/1/approve")
    assert "deploy" not in {e["payload"].get("decision") for e in seen.ask("GET", "/api/activity?quiet=true").json}


def test_sightings_that_wait_are_found(seen):
    assert [one["id"] for one in seen.ask("GET", "/api/sightings?decision=waiting&decision=held").json] == [1]
    assert seen.ask("GET", "/api/sightings?decision=held").json == []
    assert seen.ask("GET", "/api/sightings?decision=perhaps").status_code == 422


def test_sightings_are_listed_by_stage(seen):
    assert [sighting["tag"] for sighting in seen.ask("GET", "/api/sightings").json] == ["dev-1"]
    assert seen.ask("GET", "/api/sightings?project=shop&stage=rel").json == []


def test_a_waiting_sighting_is_approved_once(seen):
    answer = seen.ask("POST", "/api/sightings/1/approve")
    assert (answer.status_code, answer.headers["Location"], answer.json["tag"]) == (202, "/api/deploys/1", "dev-1")
    assert seen.ask("POST", "/api/sightings/1/approve").status_code == 409


def test_a_waiting_sighting_is_dismissed(seen):
    answer = seen.ask("POST", "/api/sightings/1/dismiss")
    assert (answer.status_code, answer.json["decision"]) == (200, "refused")
    assert "admin" in answer.json["reason"]


def test_a_sighting_that_is_not_there_is_a_404(seen):
    assert seen.ask("POST", "/api/sightings/9/approve").json["code"] == "no_sighting"
    assert seen.ask("POST", "/api/sightings/9/dismiss").status_code == 404
