"""Containers that are not Forge's, over HTTP: names of variables go out, values never."""

from __future__ import annotations

import pytest

from forge.domain.person import Principal, Role
from tests.api_world import World, world_fixture
from tests.unit.adopting import DATA, move_in

__all__ = ["world_fixture"]
PATH = "/api/engines/local/containers"
WISH = {"name": "shop", "stage": "prod", "port": 8080, "pattern": "semver:*"}


@pytest.fixture
def old(world: World) -> str:
    world.engine.strange_volume("shop-data")
    return move_in(world.engine, volumes=(DATA,))


def test_strangers_are_listed(world, old):
    world.engine.stranger("another")
    answer = world.ask("GET", PATH)
    assert [one["name"] for one in answer.json] == ["another", "old-shop"]
    assert answer.json[1]["ports"] == [{"port": 8080, "publish": 8099, "host": "", "kind": "tcp"}]
    assert answer.json[1]["adopted"] is None


def test_a_plan_says_what_would_be_taken_over_and_shows_no_value(world, old):
    answer = world.ask("GET", f"{PATH}/{old}")
    plan = answer.json
    assert (plan["name"], plan["tag"], plan["stage"], plan["pattern"]) == ("old-shop", "1.2.0", "prod", "semver:*")
    assert plan["variables"] == [{"name": "DB_PASSWORD", "secret": True}, {"name": "LOG_LEVEL", "secret": False}]
    assert (plan["volumes"][0]["kind"], plan["volumes"][0]["exclusive"]) == ("external", True)
    assert "p1anted" not in answer.text


def test_what_cannot_be_adopted_says_why(world):
    plan = world.ask("GET", f"{PATH}/{world.engine.stranger('local-build')}").json
    assert "in no registry" in plan["obstacle"]
    assert plan["pattern"] == ""


def test_adopting_needs_the_word_that_the_old_one_may_stop(world, old):
    refused = world.ask("POST", f"{PATH}/{old}/adopt", WISH)
    assert (refused.status_code, refused.json["code"], list(refused.json["fields"])) == (
        409,
        "stop_first",
        ["stop_first"],
    )
    queued = world.ask("POST", f"{PATH}/{old}/adopt", {**WISH, "stop_first": True})
    assert (queued.status_code, queued.json["tag"], queued.json["strategy"]) == (202, "1.2.0", "in_place")
    assert world.ask("GET", "/api/projects/shop").json["secrets"] == ["DB_PASSWORD"]
    adopted = next(one["adopted"] for one in world.ask("GET", PATH).json)
    assert adopted == {"project": "shop", "stage": "prod", "serves": False, "stopped": False}
    assert "p1anted" not in world.ask("GET", "/api/projects/shop").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "No Name"}, "name"),
        ({"pattern": "semver:"}, "pattern"),
        ({"port": 0}, "port"),
        ({"health": {"kind": "http"}}, "health.path"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(world, old, change, field):
    answer = world.ask("POST", f"{PATH}/{old}/adopt", {**WISH, "stop_first": True, **change})
    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])


def test_the_old_one_is_stopped_only_once_forges_serves(world, old):
    assert world.ask("POST", f"{PATH}/{old}/stop").json["code"] == "not_adopted"
    world.ask("POST", f"{PATH}/{old}/adopt", {**WISH, "stop_first": True})
    assert world.ask("POST", f"{PATH}/{old}/stop").json["code"] == "nothing_serves"
    world.add_instance(stage="prod")
    answer = world.ask("POST", f"{PATH}/{old}/stop")
    assert (answer.status_code, answer.json["stopped"], answer.json["serves"]) == (200, True, True)


def test_what_is_gone_or_nowhere_is_not_found(world):
    assert world.ask("GET", f"{PATH}/gone").status_code == 404
    assert world.ask("GET", "/api/engines/far/containers").status_code == 404


def test_the_machine_is_only_for_admins(world, old):
    client = world.browser(Principal(name="dan", role=Role.DEPLOYER))
    own = {"Sec-Fetch-Site": "same-origin"}
    assert client.get(PATH).status_code == client.get(f"{PATH}/{old}").status_code == 403
    for what in ("adopt", "stop"):
        assert client.post(f"{PATH}/{old}/{what}", json=WISH, headers=own).status_code == 403
