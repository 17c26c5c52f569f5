"""Signing in and out."""

from __future__ import annotations

import pytest

from forge.api.guard import COOKIE
from tests.api_world import world_fixture  # noqa: F401


def token(world) -> str:
    return world.runtime.token.reveal()


def test_the_launch_token_is_traded_for_a_cookie_that_scripts_cannot_read(world):
    answer = world.nobody.post("/api/session", json={"token": token(world)})
    who = {"name": "admin", "role": "admin", "projects": None, "person": False, "token": None}
    assert (answer.status_code, answer.json) == (200, who)
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"))
    assert "Domain" not in cookie
    assert token(world) not in cookie
    assert world.nobody.get("/api/session").json == who


def test_over_tls_the_cookie_is_for_tls_only(world):
    answer = world.nobody.post("/api/session", json={"token": token(world)}, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"token": "wrong"}, 401),
        ({"ticket": "wrong"}, 401),
        ({}, 422),
        ({"token": "a", "ticket": "b"}, 422),
        ({"x": 1}, 422),
    ],
)
def test_what_is_not_valid_gives_no_cookie(world, body, status):
    answer = world.nobody.post("/api/session", json=body)
    assert answer.status_code == status
    assert "Set-Cookie" not in answer.headers


def test_signing_out_ends_the_session_also_for_who_copied_the_cookie(world):
    world.nobody.post("/api/session", json={"token": token(world)})
    copied = world.nobody.get_cookie(COOKIE).value
    assert world.nobody.delete("/api/session", headers={"Origin": "http://localhost"}).status_code == 204
    thief = world.app.test_client()
    thief.set_cookie(COOKIE, copied)
    assert thief.get("/api/session").status_code == 401


def test_a_ticket_signs_one_browser_in_once(world):
    made = world.ask("POST", "/api/session/ticket")
    assert made.status_code == 201
    browser = world.app.test_client()
    assert browser.head(made.json["path"]).status_code == 200
    entered = browser.get(made.json["path"])
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")
    assert browser.get("/api/session").status_code == 200
    again = world.app.test_client().get(made.json["path"])
    assert again.status_code == 401
    assert "get a new one" in again.text
    assert "Set-Cookie" not in again.headers
    assert world.nobody.post("/api/session", json={"ticket": made.json["ticket"]}).status_code == 401


def test_signing_in_once_more_ends_the_browsers_former_session(world):
    world.nobody.post("/api/session", json={"token": token(world)})
    copied = world.nobody.get_cookie(COOKIE).value
    world.nobody.post("/api/session", json={"token": token(world)}, headers={"Origin": "http://localhost"})
    assert world.nobody.get("/api/session").status_code == 200
    world.nobody.set_cookie(COOKIE, copied)
    assert world.nobody.get("/api/session").status_code == 401


def test_a_ticket_is_too_old_after_its_time(world):
    path = world.ask("POST", "/api/session/ticket").json["path"]
    now = world.context.tickets.clock()
    world.context.tickets.clock = lambda: now + 121
    assert world.nobody.get(path).status_code == 401


def test_the_form_takes_the_token_without_a_script(world):
    page = world.nobody.get("/sign-in")
    assert 'action="/sign-in"' in page.text
    wrong = world.nobody.post("/sign-in", data={"token": "<b>wrong"})
    assert wrong.status_code == 401
    assert "<b>wrong" not in wrong.text
    headers = {"Origin": "http://localhost"}
    assert world.nobody.post("/sign-in", data={"token": token(world)}, headers=headers).status_code == 303
    assert world.nobody.post("/sign-out", headers=headers).status_code == 303
    assert world.nobody.get("/api/session").status_code == 401


def test_a_form_of_another_site_cannot_sign_anybody_in(world):
    answer = world.nobody.post("/sign-in", data={"token": token(world)}, headers={"Origin": "http://evil.org"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
