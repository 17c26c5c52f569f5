"""One's own account: password and one-time codes."""

from __future__ import annotations

import pytest

from tests.api_world import World, world_fixture  # noqa: F401
from tests.unit.test_people_codes import code_of

OWN = {"Origin": "http://localhost"}
PASSWORD = "correct horse battery"


@pytest.fixture
def me(world: World):
    """Ada's browser."""
    browser = world.app.test_client()
    token = world.runtime.people.setup.token()
    assert browser.post("/api/setup", json={"token": token, "name": "ada", "password": PASSWORD}).status_code == 201
    return browser


def another(world: World, **more):
    browser = world.app.test_client()
    return browser, browser.post("/api/session", json={"name": "ada", "password": PASSWORD, **more})


def test_it_is_told_and_the_machines_owner_has_none(world, me):
    assert me.get("/api/me").json["recovery_codes"] == 0
    assert me.get("/api/me").json["password"] is True
    owner = world.ask("GET", "/api/me").json
    assert (owner["person"], owner["password"], owner["created"]) == (False, False, None)
    answer = world.ask("PUT", "/api/me/password", {"old": "x", "new": "another horse battery"})
    assert (answer.status_code, answer.json["code"]) == (409, "no_account")


def test_a_new_password_needs_the_old_one_and_ends_all_other_sessions(world, me):
    other, _ = another(world)
    wrong = me.put("/api/me/password", json={"old": "wrong", "new": "another horse battery"}, headers=OWN)
    assert (wrong.status_code, wrong.json["code"]) == (401, "wrong_password")
    weak = me.put("/api/me/password", json={"old": PASSWORD, "new": "short"}, headers=OWN)
    assert (weak.status_code, weak.json["code"]) == (422, "weak")
    assert other.get("/api/session").status_code == 200
    done = me.put("/api/me/password", json={"old": PASSWORD, "new": "another horse battery"}, headers=OWN)
    assert done.status_code == 204
    assert other.get("/api/session").status_code == 401
    assert me.get("/api/session").status_code == 200
    assert another(world)[1].status_code == 401


def test_codes_are_begun_confirmed_asked_for_and_taken_off(world, me):
    assert me.post("/api/me/totp", json={"password": "wrong"}, headers=OWN).json["code"] == "wrong_password"
    begun = me.post("/api/me/totp", json={"password": PASSWORD}, headers=OWN).json
    assert begun["secret"] in begun["uri"]
    clock, now = world.runtime.store.database, world.runtime.store.database.clock()
    code = code_of(begun["secret"], now)
    codes = me.post("/api/me/totp/confirm", json={"code": code}, headers=OWN).json["codes"]
    assert me.get("/api/me").json["recovery_codes"] == len(codes) == 10
    assert another(world)[1].json["code"] == "code_needed"
    assert another(world, code=code)[1].json["code"] == "wrong_code"
    clock.clock = lambda: now + 90
    assert another(world, code=code_of(begun["secret"], now + 90))[1].status_code == 200
    assert another(world, code=codes[0])[1].status_code == 200
    assert me.post("/api/me/totp/remove", json={"password": PASSWORD}, headers=OWN).status_code == 204
    assert another(world)[1].status_code == 200


def test_who_signs_in_elsewhere_has_no_password_to_change(world, me):
    with world.runtime.store.database.change() as change:
        change.execute("UPDATE person SET password = NULL")
    answer = me.post("/api/me/totp", json={"password": "x"}, headers=OWN)
    assert (answer.status_code, answer.json["code"]) == (409, "no_password")
