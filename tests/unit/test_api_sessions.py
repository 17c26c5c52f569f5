"""Sessions over HTTP: listed, ended, and open streams end with them."""

from __future__ import annotations

import pytest

from forge.domain.person import Principal, Role
from tests.api_world import World, world_fixture  # noqa: F401

OWN = {"Origin": "http://localhost"}
DORA = Principal(name="dora", role=Role.DEPLOYER)


@pytest.fixture
def admin(world: World):
    return world.browser(Principal(name="ada", role=Role.ADMIN))


def test_each_sees_their_own_and_an_admin_all(world, admin):
    dora = world.browser(DORA)
    mine = dora.get("/api/sessions").json
    assert [(one["name"], one["current"], one["person"]) for one in mine] == [("dora", True, True)]
    assert {one["name"] for one in admin.get("/api/sessions").json} == {"ada", "dora"}


def test_how_they_signed_in_is_listed(world):
    token = world.runtime.token.reveal()
    world.nobody.post("/api/session", json={"token": token}, headers={"User-Agent": "Firefox"})
    (one,) = world.nobody.get("/api/sessions").json
    assert (one["name"], one["person"], one["address"], one["agent"]) == ("admin", False, "127.0.0.1", "Firefox")


def test_one_is_ended_at_once_and_strangers_are_not_found(world, admin):
    dora, vera = world.browser(DORA), world.browser(Principal(name="vera", role=Role.VIEWER))
    (listed,) = dora.get("/api/sessions").json
    assert vera.delete(f"/api/sessions/{listed['id']}", headers=OWN).status_code == 404
    assert admin.delete(f"/api/sessions/{listed['id']}", headers=OWN).status_code == 204
    assert dora.get("/api/session").status_code == 401
    assert admin.delete(f"/api/sessions/{listed['id']}", headers=OWN).status_code == 404


def test_all_others_of_ones_own_are_ended(world, admin):
    first, second = world.browser(DORA), world.browser(DORA)
    assert first.delete("/api/sessions", headers=OWN).status_code == 204
    assert [client.get("/api/session").status_code for client in (first, second, admin)] == [200, 401, 200]


def test_with_a_session_its_open_streams_end(world, admin):
    ends = (
        lambda: admin.delete(f"/api/sessions/{world.runtime.people.sessions.id_of(session)}", headers=OWN),
        lambda: admin.put("/api/people/dora", json={"role": "viewer"}, headers=OWN),
        lambda: admin.put("/api/people/dora/password", json={"password": "another horse battery"}, headers=OWN),
        lambda: admin.delete("/api/people/dora", headers=OWN),
    )
    hub = world.app.extensions["hub"]
    for number, end in enumerate(ends, start=1):
        session = world.session(DORA)
        client = world.app.test_client()
        client.set_cookie("forge_session", session)
        answer = client.get("/api/events", buffered=False)
        frames = iter(answer.response)
        assert b"hello" in next(frames)
        assert end().status_code in {200, 204}
        assert b"hello" not in b"".join(frames)
        answer.close()
        assert hub.stats().ended["ended"] == number
