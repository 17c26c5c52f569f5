"""Deploys over HTTP."""

from __future__ import annotations

import pytest

from forge.domain.deploy import StepRecord, StepStatus
from forge.domain.events import Event
from tests.api_world import world_fixture  # noqa: F401


@pytest.fixture
def queued(world):
    world.make_shop()
    for number in (1, 2, 3):
        world.registry.push("org/shop", f"dev-{number}")
        assert world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": f"dev-{number}"}).status_code == 202
    return world


def ids(answer) -> list[int]:
    return [deploy["id"] for deploy in answer.json]


def test_a_pull_that_is_under_way_is_shown_to_who_comes_later(world):
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    deploy = world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"}).json["id"]
    layer = {"id": "4f4fb700ef54", "status": "pulling", "current": 5, "total": 9}
    payload = {"deploy": deploy, "layers": [layer]}
    assert world.ask("GET", f"/api/deploys/{deploy}").json["layers"] == []
    world.runtime.bus.publish([Event(type="deploy_progress", payload=payload, at=1, topic=f"deploy:{deploy}")])
    assert world.ask("GET", f"/api/deploys/{deploy}").json["layers"] == [layer]


def test_deploys_are_listed_the_newest_first_by_pages(queued):
    assert ids(queued.ask("GET", "/api/deploys")) == [3, 2, 1]
    assert ids(queued.ask("GET", "/api/deploys?limit=2")) == [3, 2]
    assert ids(queued.ask("GET", "/api/deploys?before=2")) == [1]


def test_deploys_are_found_by_project_stage_and_status(queued):
    assert ids(queued.ask("GET", "/api/deploys?status=superseded")) == [2, 1]
    assert ids(queued.ask("GET", "/api/deploys?status=superseded&status=queued&project=shop&stage=dev")) == [3, 2, 1]
    assert ids(queued.ask("GET", "/api/deploys?project=blog")) == []
    assert queued.ask("GET", "/api/deploys?status=lost").status_code == 422


def test_one_deploy_has_its_steps_last_words_and_reasons(queued):
    store = queued.runtime.store
    with store.database.change() as change:
        deploy = store.deploys.get(3)
        store.deploys.put_step(
            change,
            deploy,
            StepRecord(deploy=3, position=1, name="pull", status=StepStatus.FAILED, started=1, note="no"),
        )
        store.deploys.keep_last_words(change, 3, {"exit_code": 137, "lines": []})
        store.deploys.quarantine(change, deploy, "it never got healthy")
    found = queued.ask("GET", "/api/deploys/3").json
    assert [(step["name"], step["status"], step["note"]) for step in found["steps"]] == [("pull", "failed", "no")]
    assert found["last_words"] == {"exit_code": 137, "lines": []}
    assert found["quarantine"] == "it never got healthy"
    assert found["strategy_reason"]
    listed = queued.ask("GET", "/api/deploys").json[0]
    assert {name: found[name] for name in listed} == listed


@pytest.mark.parametrize("id", ["99", "0", "x", "-1", "99999999999999999999"])
def test_a_deploy_that_is_not_there_is_a_404(queued, id):
    for method, end in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("GET", "/logs")):
        assert queued.ask(method, f"/api/deploys/{id}{end}").status_code == 404


def test_a_queued_deploy_is_cancelled_and_tried_again(queued):
    cancelled = queued.ask("POST", "/api/deploys/3/cancel")
    assert (cancelled.status_code, cancelled.json["status"]) == (202, "cancelled")
    assert "admin" in cancelled.json["failure"]
    assert queued.ask("POST", "/api/deploys/3/cancel").status_code == 409
    again = queued.ask("POST", "/api/deploys/3/retry")
    assert (again.status_code, again.headers["Location"], again.json["tag"]) == (202, "/api/deploys/4", "dev-3")
    assert queued.ask("POST", "/api/deploys/4/retry").status_code == 409
