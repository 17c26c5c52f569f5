"""API tokens over HTTP."""

from __future__ import annotations

import pytest

from forge.domain.person import Principal, Role
from tests.api_world import World, world_fixture  # noqa: F401

OWN = {"Origin": "http://localhost"}


@pytest.fixture
def dora(world: World):
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    return world.browser(Principal(name="dora", role=Role.DEPLOYER, projects=frozenset({"shop"})))


def make(client, **more):
    return client.post("/api/tokens", json={"name": "ci", **more}, headers=OWN)


def bearer(made) -> dict[str, str]:
    return {"Authorization": f"Bearer {made.json['secret']}"}


def test_it_is_shown_once_and_deploys(world, dora):
    made = make(dora, project="shop", stage="dev")
    assert made.status_code == 201
    assert "secret" not in dora.get("/api/tokens").json[0]
    assert world.nobody.get("/api/session", headers=bearer(made)).json["name"] == "dora/ci"
    queued = world.nobody.post("/api/projects/shop/stages/dev/deploys", json={"tag": "dev-1"}, headers=bearer(made))
    assert queued.status_code == 202
    assert world.runtime.store.events.activity(before=None, limit=1)[0].actor == "dora/ci"
    assert dora.get("/api/tokens").json[0]["used"] is not None
    other = world.nobody.post("/api/projects/shop/stages/rel/promote", headers=bearer(made))
    assert (other.status_code, other.json["code"]) == (403, "token_scope")


def test_a_cancel_is_held_against_the_stage_of_the_deploy(world, dora):
    deploy = world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"}).json["id"]
    rel, dev = make(dora, project="shop", stage="rel"), make(dora, project="shop", stage="dev")
    assert world.nobody.get(f"/api/deploys/{deploy}", headers=bearer(rel)).status_code == 200
    refused = world.nobody.post(f"/api/deploys/{deploy}/cancel", headers=bearer(rel))
    assert (refused.status_code, refused.json["code"]) == (403, "token_scope")
    assert world.nobody.post(f"/api/deploys/{deploy}/cancel", headers=bearer(dev)).status_code == 202


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"role": "admin"}, 403),
        ({"project": "blog"}, 404),
        ({"project": "shop", "stage": "nothing"}, 404),
        ({"stage": "dev"}, 422),
        ({"expires": 1.0}, 422),
        ({"name": ""}, 422),
        ({"role": "king"}, 422),
    ],
)
def test_what_cannot_be_is_refused(dora, more, status):
    assert make(dora, **more).status_code == status


def test_one_is_ended_by_its_owner_and_by_an_admin_and_by_nobody_else(world, dora):
    made = make(dora)
    vera = world.browser(Principal(name="vera", role=Role.VIEWER))
    assert vera.get("/api/tokens").json == []
    assert vera.delete(f"/api/tokens/{made.json['id']}", headers=OWN).status_code == 404
    assert world.ask("GET", "/api/tokens").json[0]["person"] == "dora"
    assert world.ask("DELETE", f"/api/tokens/{made.json['id']}").status_code == 204
    assert world.nobody.get("/api/session", headers=bearer(made)).status_code == 401
    assert dora.get("/api/tokens").json[0]["ended"] is not None


def test_a_token_makes_no_token_and_signs_no_browser_in(world, dora):
    made = make(dora)
    for method, path in (("POST", "/api/tokens"), ("POST", "/api/session/ticket"), ("GET", "/api/me")):
        answer = world.nobody.open(path, method=method, headers=bearer(made))
        assert (answer.status_code, answer.json["code"]) == (403, "token_scope"), path


def test_wrong_tokens_of_this_kind_are_counted_too(world):
    wrong = {"Authorization": "Bearer forge_wrong"}
    assert [world.nobody.get("/api/projects", headers=wrong).status_code for _ in range(21)] == [401] * 20 + [429]
