"""Inspecting an image, and quick deploy."""

from __future__ import annotations

import pytest

from tests.api_world import world_fixture  # noqa: F401

IMAGE = "127.0.0.1:5000/org/shop:dev-1"


@pytest.fixture
def pushed(world):
    world.digest = world.registry.push("org/shop", "dev-1")
    return world


def test_an_image_is_inspected_with_reasons_for_each_guess(pushed):
    found = pushed.ask("POST", "/api/images/inspect", {"image": IMAGE}).json
    assert (found["name"], found["stage"], found["pattern"], found["digest"]) == (
        "shop", "dev", "glob:dev-*", pushed.digest,
    )  # fmt: skip
    assert len(found["why"]) == 3


@pytest.mark.parametrize(("image", "status"), [("not an image", 422), ("127.0.0.1:5000/org/shop:nope", 404)])
def test_what_is_no_image_is_said(pushed, image, status):
    assert pushed.ask("POST", "/api/images/inspect", {"image": image}).status_code == status


def test_a_registry_that_is_down_is_a_503(pushed):
    pushed.registry.down = True
    assert pushed.ask("POST", "/api/images/inspect", {"image": IMAGE}).status_code == 503


def test_quick_deploy_makes_project_and_stage_with_what_was_given(pushed):
    body = {"image": IMAGE, "name": "till", "port": 9000, "health": {"kind": "tcp"}, "secrets": {"KEY": "p1anted"}}
    answer = pushed.ask("POST", "/api/deploy", body)
    assert (answer.status_code, answer.headers["Location"]) == (202, "/api/deploys/1")
    assert "p1anted" not in answer.text
    made = pushed.ask("GET", "/api/projects/till").json
    assert (made["port"], made["health"]["kind"], made["secrets"]) == (9000, "tcp", ["KEY"])
    assert [stage["name"] for stage in made["stages"]] == ["dev"]


def test_quick_deploy_of_another_image_under_a_taken_name_is_refused(pushed):
    pushed.make_shop()
    pushed.registry.push("org/other", "dev-1")
    answer = pushed.ask("POST", "/api/deploy", {"image": "127.0.0.1:5000/org/other:dev-1", "name": "shop"})
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["name"])
