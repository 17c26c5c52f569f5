"""People over HTTP: what an admin does with them, in force at once."""

from __future__ import annotations

import pytest

from forge.domain.person import Principal, Role
from tests.api_world import World, world_fixture  # noqa: F401

OWN = {"Origin": "http://localhost"}
NEW = {"name": "dora", "role": "deployer", "projects": ["shop"], "password": "correct horse battery"}


@pytest.fixture
def admin(world: World):
    world.make_shop()
    return world.browser(Principal(name="ada", role=Role.ADMIN))


def sign_in(world: World, name="dora", password=NEW["password"]):
    browser = world.app.test_client()
    return browser, browser.post("/api/session", json={"name": name, "password": password})


def test_somebody_is_made_listed_changed_and_removed(world, admin):
    made = admin.post("/api/people", json=NEW, headers=OWN)
    assert (made.status_code, made.headers["Location"]) == (201, "/api/people/dora")
    assert made.json["projects"] == ["shop"]
    assert "password" in made.json
    assert made.json["password"] is True
    browser, _ = sign_in(world)
    listed = admin.get("/api/people").json
    assert [(one["name"], one["sessions"], one["signed_in"] is not None) for one in listed] == [
        ("ada", 1, True),
        ("dora", 1, True),
    ]
    changed = admin.put("/api/people/dora", json={"role": "viewer"}, headers=OWN)
    assert (changed.json["role"], changed.json["projects"]) == ("viewer", None)
    assert browser.get("/api/session").json["role"] == "viewer"
    assert admin.delete("/api/people/dora", headers=OWN).status_code == 204
    assert browser.get("/api/session").status_code == 401
    assert admin.get("/api/people/dora").status_code == 404


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"name": "Dora!"}, 422, "name"),
        ({"name": "admin"}, 422, "name"),
        ({"role": "king"}, 422, "role"),
        ({"projects": ["nothing"]}, 422, "projects"),
        ({"role": "admin"}, 422, "projects"),
        ({"password": "short"}, 422, "password"),
        ({"name": "ada", "role": "viewer"}, 409, "name"),
    ],
)
def test_what_is_wrong_is_named(admin, more, status, field):
    answer = admin.post("/api/people", json={**NEW, **more}, headers=OWN)
    assert answer.status_code == status
    assert field in answer.json["fields"]
    assert NEW["password"] not in answer.text


def test_the_last_admin_cannot_go(admin):
    for answer in (
        admin.delete("/api/people/ada", headers=OWN),
        admin.put("/api/people/ada", json={"role": "deployer"}, headers=OWN),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "last_admin")
    assert admin.get("/api/session").json["role"] == "admin"


def test_a_new_password_ends_their_sessions_but_not_the_admins_own(world, admin):
    admin.post("/api/people", json=NEW, headers=OWN)
    browser, _ = sign_in(world)
    new = {"password": "another horse battery"}
    assert admin.put("/api/people/dora/password", json=new, headers=OWN).status_code == 204
    assert browser.get("/api/session").status_code == 401
    assert sign_in(world)[1].status_code == 401
    assert sign_in(world, password=new["password"])[1].status_code == 200
    assert admin.put("/api/people/ada/password", json=new, headers=OWN).status_code == 204
    assert admin.get("/api/session").status_code == 200


def test_codes_are_taken_off_who_lost_their_phone(world, admin):
    admin.post("/api/people", json=NEW, headers=OWN)
    with world.runtime.store.database.change() as change:
        world.runtime.store.people.set_counter(change, "dora", 1)
    assert sign_in(world)[1].json["code"] == "code_needed"
    assert admin.delete("/api/people/dora/totp", headers=OWN).status_code == 204
    assert sign_in(world)[1].status_code == 200
    assert admin.delete("/api/people/nobody/totp", headers=OWN).status_code == 404
