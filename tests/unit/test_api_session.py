"""Signing in and out."""

from __future__ import annotations

import pytest

from forge.api.cookies import COOKIE
from forge.domain.person import Person, Principal, Role
from tests.api_world import world_fixture  # noqa: F401

PASSWORD = "correct horse battery"


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


def test_over_tls_no_neighbour_can_put_a_session_of_theirs_into_the_browser(world):
    """A page of evil.example.org may set a cookie for all of example.org, but none that is called __Host-…"""
    own = {"base_url": "https://localhost"}
    given = world.nobody.post("/api/session", json={"token": token(world)}, **own).headers["Set-Cookie"]
    assert given.startswith(f"__Host-{COOKIE}=")
    assert "Path=/" in given
    assert "Domain" not in given
    assert world.nobody.get("/api/session", **own).status_code == 200
    tossed = world.app.test_client()
    tossed.set_cookie(COOKIE, world.session(Principal(name="eve", role=Role.ADMIN)), secure=True)
    assert tossed.get("/api/session", **own).status_code == 401
    gone = world.nobody.delete("/api/session", headers={"Origin": "https://localhost"}, **own)
    assert gone.headers["Set-Cookie"].startswith(f"__Host-{COOKIE}=;")
    assert world.nobody.get("/api/session", **own).status_code == 401


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


def test_a_ticket_of_ones_own_is_refused_to_another_user_of_the_machine(world, monkeypatch):
    asked = []
    monkeypatch.setattr("forge.api.session.of_another_user", lambda *way: asked.append(way) or len(asked) == 1)
    path = world.ask("POST", "/api/session/ticket", {"own": True}).json["path"]
    way = {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "40000", "SERVER_PORT": "8080"}
    assert world.nobody.get(path, environ_overrides=way).status_code == 401
    assert world.nobody.get(path).status_code == 303
    assert asked[0] == ("127.0.0.1", 40000, 8080)


def test_signing_in_once_more_ends_the_browsers_former_session(world):
    world.nobody.post("/api/session", json={"token": token(world)})
    copied = world.nobody.get_cookie(COOKIE).value
    world.nobody.post("/api/session", json={"token": token(world)}, headers={"Origin": "http://localhost"})
    assert world.nobody.get("/api/session").status_code == 200
    world.nobody.set_cookie(COOKIE, copied)
    assert world.nobody.get("/api/session").status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_cannot_sign_anybody_in_by_a_ticket_of_its_own(world, site):
    path = world.ask("POST", "/api/session/ticket").json["path"]
    led = world.nobody.get(path, headers={"Sec-Fetch-Site": site})
    assert (led.status_code, "Set-Cookie" in led.headers) == (403, False)
    assert "address bar" in led.text
    assert world.nobody.get(path, headers={"Sec-Fetch-Site": "none"}).status_code == 303


@pytest.mark.parametrize("end", ["sign out", "role", "remove"])
def test_a_ticket_does_not_outlive_the_session_that_made_it(world, end):
    eve = Principal(name="eve", role=Role.ADMIN)
    browser, own = world.browser(eve), {"Origin": "http://localhost"}
    world.browser(Principal(name="ada", role=Role.ADMIN))
    path = browser.post("/api/session/ticket", headers=own).json["path"]
    if end == "sign out":
        assert browser.delete("/api/session", headers=own).status_code == 204
    elif end == "role":
        world.runtime.people.accounts.change(Person(name="eve", role=Role.VIEWER), "ada")
    else:
        world.runtime.people.accounts.remove("eve", "ada")
    answer = world.app.test_client().get(path)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)


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


def make_ada(world) -> None:
    world.runtime.people.accounts.add(Person(name="ada", role=Role.ADMIN), PASSWORD, "test")


def test_a_name_and_its_password_are_traded_for_the_cookie(world):
    assert world.nobody.get("/api/sign-in").json == {"people": False, "oidc": None}
    make_ada(world)
    assert world.nobody.get("/api/sign-in").json == {"people": True, "oidc": None}
    answer = world.nobody.post("/api/session", json={"name": "Ada", "password": PASSWORD})
    assert (answer.status_code, answer.json["name"], answer.json["person"]) == (200, "ada", True)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_who_guesses_waits_and_learns_nothing(world, name):
    make_ada(world)
    answers = [world.nobody.post("/api/session", json={"name": name, "password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert {answer.json["code"] for answer in answers[:5]} == {"wrong_sign_in"}
    assert answers[-1].headers["Retry-After"] == "1"


@pytest.mark.parametrize("body", [{"name": "ada"}, {"password": "x"}, {"name": "a", "password": "b", "token": "c"}])
def test_half_a_sign_in_is_none(world, body):
    assert world.nobody.post("/api/session", json=body).status_code == 422


def test_too_many_wrong_tickets_have_to_wait(world):
    statuses = [world.nobody.post("/api/session", json={"ticket": "wrong"}).status_code for _ in range(21)]
    assert statuses == [401] * 20 + [429]


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}},
        {"headers": {"X-Forwarded-For": "192.168.1.7"}},
        {"headers": {"Forwarded": "for=192.168.1.7"}},
    ],
)
def test_the_launch_token_is_good_on_this_machine_only(world, elsewhere):
    answer = world.nobody.post("/api/session", json={"token": token(world)}, **elsewhere)
    assert (answer.status_code, answer.json["code"]) == (401, "wrong_token")
    assert world.ask("GET", "/api/projects", **elsewhere).status_code == 401
    assert world.ask("GET", "/api/projects").status_code == 200


def test_the_setup_link_makes_the_first_admin_and_signs_in(world):
    link = world.runtime.people.setup.token()
    refused = world.nobody.post("/api/setup", json={"token": "wrong", "name": "ada", "password": PASSWORD})
    assert (refused.status_code, refused.json["code"]) == (401, "wrong_setup")
    assert world.runtime.store.events.activity(before=None, limit=1, people=True)[0].payload["why"] == "setup link"
    made = world.nobody.post("/api/setup", json={"token": link, "name": "ada", "password": PASSWORD})
    assert (made.status_code, made.json["role"]) == (201, "admin")
    assert world.nobody.get("/api/me").json["name"] == "ada"
    other = world.app.test_client()
    again = other.post("/api/setup", json={"token": link, "name": "eve", "password": PASSWORD})
    assert (again.status_code, again.json["code"]) == (409, "set_up")
    assert other.get("/setup").headers["Location"] == "/"


def test_the_page_of_the_setup_link_needs_no_script(world):
    link, own = world.runtime.people.setup.token(), {"Origin": "http://localhost"}
    page = world.nobody.get(f"/setup?token={link}")
    assert link in page.text
    assert "<script" not in page.text
    sent = {"token": link, "name": "Ada", "password": PASSWORD, "again": "another"}
    mistaken = world.nobody.post("/setup", data=sent, headers=own)
    assert mistaken.status_code == 422
    assert "not the same" in mistaken.text
    assert PASSWORD not in mistaken.text
    done = world.nobody.post("/setup", data={**sent, "again": PASSWORD}, headers=own)
    assert (done.status_code, done.headers["Location"]) == (303, "/")
    assert world.nobody.get("/api/session").json["name"] == "ada"


def test_the_page_for_signing_in_asks_for_a_code_where_one_is_needed(world):
    make_ada(world)
    with world.runtime.store.database.change() as change:
        world.runtime.store.people.set_counter(change, "ada", 1)
    own = {"Origin": "http://localhost"}
    page = world.nobody.get("/sign-in").text
    assert 'name="password"' in page
    assert 'name="code"' not in page
    asked = world.nobody.post("/sign-in", data={"name": "ada", "password": PASSWORD}, headers=own)
    assert asked.status_code == 401
    assert 'name="code"' in asked.text
    assert PASSWORD not in asked.text
    waiting = [world.nobody.post("/sign-in", data={"name": "<b>", "password": "x"}, headers=own) for _ in range(6)]
    assert waiting[-1].status_code == 429
    assert "<b>" not in waiting[-1].text


def test_coming_in_failing_and_leaving_are_told(world):
    make_ada(world)
    world.nobody.post("/api/session", json={"name": "ada", "password": "wrong"})
    world.nobody.post("/api/session", json={"token": "wrong"})
    world.nobody.post("/api/session", json={"name": "ada", "password": PASSWORD})
    world.nobody.delete("/api/session", headers={"Origin": "http://localhost"})
    told = world.runtime.store.events.activity(before=None, limit=4, people=True)
    assert [event.type for event in told] == ["session_ended", "signed_in", "sign_in_failed", "sign_in_failed"]
    assert [event.actor for event in told] == ["ada", "ada", "forge", "ada"]


def test_a_ticket_gives_no_more_than_the_session_that_asked_for_it(world):
    """Else whoever was let in for a day could stay for ever."""
    sessions, person = world.runtime.people.sessions, Principal(name="ada", role=Role.ADMIN, person="ada")
    world.session(person)
    until = sessions.clock() + 3600
    first = sessions.begin("ada", until=until)

    def ticket():
        browser = world.app.test_client()
        browser.set_cookie(COOKIE, first)
        made = browser.post("/api/session/ticket", headers={"Origin": "http://localhost"})
        assert made.status_code == 201
        return made.json["ticket"]

    early, late, other = ticket(), ticket(), world.app.test_client()
    assert other.post("/api/session", json={"ticket": early}).status_code == 200
    assert sessions.ends(other.get_cookie(COOKIE).value) == until
    sessions.end(first, "ada")
    assert world.app.test_client().post("/api/session", json={"ticket": late}).status_code == 401
