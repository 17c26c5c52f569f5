"""Who may: every route declares it, and every request shows where it comes from."""

from __future__ import annotations

import pytest
from flask import Flask, g, request

from forge.api.app import make_app
from forge.api.cookies import COOKIE
from forge.api.guard import Declaration, _check_host, allow, allow_anyone, declaration, standing
from forge.domain.errors import Forbidden, Unavailable
from forge.domain.person import Person, Principal, Role
from forge.settings import Settings
from tests.api_world import world_fixture  # noqa: F401

OWN_PAGE = {"Origin": "http://localhost"}
PUBLIC = {
    "GET /", "GET /plain.css", "GET /setup", "POST /setup", "GET /sign-in", "POST /sign-in", "POST /sign-out",
    "GET /sign-in/oidc", "GET /sign-in/oidc/callback",
    "GET /api/health", "GET /api/openapi.json", "GET /api/sign-in", "POST /api/session", "POST /api/setup",
    "POST /api/webhook/<secret>", "POST /api/oidc/logout",
}  # fmt: skip
ADMIN, VIEWER = Principal(name="ada", role=Role.ADMIN), Principal(name="vera", role=Role.VIEWER)


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(method, rule, a path for it) of all routes."""
    found = []
    for rule in app.url_map.iter_rules():
        values = {name: 1 if "int" in type(rule._converters[name]).__name__.lower() else "x" for name in rule.arguments}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, values)
        found += [(method, rule.rule, path) for method in rule.methods & {"GET", "POST", "PUT", "DELETE"}]
    return found


def test_every_route_declares_who_may(world):
    views = world.app.view_functions
    assert len(views) > 60
    assert [name for name, view in views.items() if declaration(view) is None] == []


def test_what_is_public_is_a_short_list_with_reasons(world):
    public = set()
    for rule in world.app.url_map.iter_rules():
        declared = declaration(world.app.view_functions[rule.endpoint])
        if declared.role is None:
            assert declared.reason
            public |= {f"{method} {rule.rule}" for method in rule.methods & {"GET", "POST", "PUT", "DELETE"}}
    assert public == PUBLIC


def test_nobody_gets_past_any_other_route(world):
    for method, rule, path in routes(world.app):
        if f"{method} {rule}" not in PUBLIC:
            answer = world.nobody.open(path, method=method)
            assert (answer.status_code, answer.json["code"]) == (401, "unauthorized"), f"{method} {rule}"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_another_host_name_is_not_answered_anywhere(world):
    for method, rule, path in routes(world.app):
        answer = world.ask(method, path, headers={"Host": "evil.example.org"})
        assert (answer.status_code, answer.json["code"]) == (403, "host_not_allowed"), f"{method} {rule}"
    assert world.ask("GET", "/nothing", headers={"Host": "evil.example.org"}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8400", "127.0.0.1:1", "[::1]:8400", "[::1]"])
def test_this_machines_own_names_are_answered_with_any_port(world, host):
    assert world.nobody.get("/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "", "localhost.evil.org", "127.0.0.1.evil.org", "[::1", "evil.org@localhost.x", "::1", "localhost.",
        "evil.org@localhost", "localhost#.evil.org", "localhost/.evil.org", "localhost?evil.org", "127.1", "0.0.0.0",
        "[::ffff:127.0.0.1]", "2130706433",
    ],
)  # fmt: skip
def test_what_only_looks_like_this_machine_is_not(world, host):
    assert world.nobody.get("/api/health", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example.org"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "null"},
        {"Origin": "file://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_write_with_a_cookie_from_elsewhere_does_nothing_on_any_route(world, headers):
    browser = world.browser(ADMIN)
    for method, rule, path in routes(world.app):
        if method != "GET":
            answer = browser.open(path, method=method, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (403, "cross_origin"), f"{method} {rule}"


@pytest.mark.parametrize("headers", [OWN_PAGE, {"Sec-Fetch-Site": "same-origin"}])
def test_a_write_with_a_cookie_from_our_own_page_is_done(world, headers):
    answer = world.browser(ADMIN).put("/api/settings", json={"domain": "example.org"}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert world.runtime.store.preferences.get().domain == "example.org"


def test_by_tls_a_page_by_plain_http_is_another_sites(world):
    client = world.browser(ADMIN)
    client.set_cookie(f"__Host-{COOKIE}", world.session(ADMIN))
    for origin, status in (("http://localhost", 403), ("https://localhost", 201)):
        own = {"base_url": "https://localhost", "headers": {"Origin": origin}}
        assert client.post("/api/session/ticket", **own).status_code == status
    behind = {"Origin": "https://localhost"}  # a proxy that speaks TLS and does not say so
    assert client.post("/api/session/ticket", headers=behind).status_code == 201


def test_a_login_that_a_proxy_in_front_sends_beside_the_cookie_is_no_obstacle(world):
    browser, basic = world.browser(ADMIN), {"Authorization": "Basic cHJveHk6bG9naW4="}
    assert browser.get("/api/session", headers=basic).json["name"] == "ada"
    assert browser.put("/api/settings", json={}, headers={**basic, **OWN_PAGE}).status_code == 200
    for origin in ({}, {"Origin": "http://evil.example.org"}):  # nor is it a way around the cookie's check
        assert browser.put("/api/settings", json={}, headers={**basic, **origin}).json["code"] == "cross_origin"


def test_a_bearer_beside_the_cookie_is_who_asks(world):
    browser = world.browser(VIEWER)
    assert browser.get("/api/session", headers=world.bearer).json["role"] == "admin"
    assert browser.get("/api/session", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_program_with_the_token_needs_no_origin_but_a_strangers_page_is_refused(world):
    assert world.ask("PUT", "/api/settings", {}).status_code == 200
    assert world.ask("PUT", "/api/settings", {}, headers={"Origin": "http://evil.org"}).status_code == 403


def test_a_viewer_reads_but_does_not_write(world):
    browser = world.browser(VIEWER)
    assert browser.get("/api/projects").status_code == 200
    answer = browser.put("/api/settings", json={}, headers=OWN_PAGE)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert browser.get("/api/config").status_code == 403


def test_who_may_see_one_project_finds_no_other(world):
    world.make_shop()
    world.add_instance()
    world.registry.push("org/shop", "dev-1")
    assert world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"}).status_code == 202
    browser = world.browser(Principal(name="x", role=Role.ADMIN, projects=frozenset({"other"})))
    for path in ("/projects/shop", "/projects/shop/stages/dev", "/deploys/1", "/instances/a1b2c3", "/deploys/1/logs"):
        assert browser.get(f"/api{path}").status_code == 404, path
    assert browser.get("/api/projects").json == browser.get("/api/deploys").json == []
    assert [event for event in browser.get("/api/activity").json if event["project"] == "shop"] == []


def test_a_route_that_declares_nothing_is_denied(world):
    app = make_app(world.runtime)
    app.add_url_rule("/api/bare", "bare", lambda: "secret")
    answer = app.test_client().get("/api/bare", headers=world.bearer)
    assert (answer.status_code, answer.json["code"]) == (403, "undeclared")


def test_a_declaration_goes_with_the_view():
    assert declaration(allow(Role.DEPLOYER)(lambda: 1)) == Declaration(Role.DEPLOYER)
    assert declaration(allow_anyone("why")(lambda: 1)) == Declaration(None, "why")
    assert declaration(lambda: 1) is None


@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer", "Basic YTpi", "Bearer \N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_wrong_login_is_nobody(world, sent):
    assert world.nobody.get("/api/projects", headers={"Authorization": sent}).status_code == 401


@pytest.mark.parametrize("change", ["ended", "less"])
def test_a_stream_that_begins_just_as_rights_change_does_not_outlive_them(world, change):
    people, session = world.runtime.people, world.session(ADMIN)
    world.session(Principal(name="bob", role=Role.ADMIN))
    with world.app.test_request_context(headers={"Cookie": f"{COOKIE}={session}"}):
        g.principal = people.sessions.find(session)
        if change == "ended":
            people.sessions.end(session, "ada")
        else:
            people.accounts.change(Person(name="ada", role=Role.VIEWER), "bob")
        assert not standing(request, world.context)()


def test_a_database_that_does_not_answer_ends_streams_rather_than_their_writer(world, monkeypatch):
    session = world.session(ADMIN)
    with world.app.test_request_context(headers={"Cookie": f"{COOKIE}={session}"}):
        g.principal = world.runtime.people.sessions.find(session)
        stands = standing(request, world.context)
    assert stands()

    def away() -> None:
        raise Unavailable("The database is locked")

    monkeypatch.setattr(world.runtime.people.standings, "known", away)
    assert not stands()


def test_beyond_loopback_addresses_are_answered_and_strangers_names_are_not(tmp_path):
    app = Flask("beyond")
    for host, asked, answered in (
        ("0.0.0.0", "192.168.1.5:8400", True),
        ("0.0.0.0", "evil.org", False),
        ("127.0.0.1", "192.168.1.5", False),
        ("forge.lan", "forge.lan", True),
    ):
        with app.test_request_context(headers={"Host": asked}):
            try:
                _check_host(request, Settings(data=tmp_path, host=host))
            except Forbidden:
                assert not answered, asked
            else:
                assert answered, asked


def test_too_many_wrong_tokens_have_to_wait_while_the_right_one_works(world):
    wrong = {"Authorization": "Bearer wrong"}
    statuses = [world.nobody.get("/api/projects", headers=wrong).status_code for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    assert world.nobody.get("/api/projects", headers=wrong).headers["Retry-After"] == "60"
    assert world.ask("GET", "/api/projects").status_code == 200


@pytest.mark.promise("sessions")
def test_a_cookie_that_another_program_got_over_plain_http_opens_nothing_from_there(world):
    """An instance on another port of the same name is sent it by the browser; where it runs it is worth nothing."""
    world.session(ADMIN)
    own, headers = world.runtime.people.sessions.begin("ada", address="192.168.1.7"), {"Origin": "http://localhost"}
    for address, read, made in (("192.168.1.7", 200, 201), ("172.17.0.2", 401, 401), ("127.0.0.1", 401, 401)):
        client = world.app.test_client()
        client.set_cookie(COOKIE, own)
        asked = {"environ_base": {"REMOTE_ADDR": address}}
        assert client.get("/api/projects", **asked).status_code == read
        assert client.post("/api/session/ticket", headers=headers, **asked).status_code == made
    safe = world.app.test_client()
    safe.set_cookie(f"__Host-{COOKIE}", own)
    moved = {"base_url": "https://localhost", "environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    assert safe.get("/api/projects", **moved).status_code == 200, "by TLS the browser gives it to Forge alone"


def test_a_session_that_nobody_began_is_nobody(world):
    world.nobody.set_cookie(COOKIE, "made-up")
    assert world.nobody.get("/api/projects").status_code == 401


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/projects", "/api/nothing", "/nothing"])
def test_every_answer_carries_the_headers_of_safety(world, path):
    headers = world.nobody.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert not path.startswith("/api/") or headers["Cache-Control"] == "no-store"


def test_a_body_over_a_mebibyte_is_refused(world):
    answer = world.ask("POST", "/api/projects", {"name": "x" * (1 << 20)})
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_head_and_options_follow_the_route(world):
    assert world.nobody.head("/api/projects").status_code == 401
    head = world.ask("HEAD", "/api/projects")
    assert (head.status_code, head.data) == (200, b"")
    options = world.ask("OPTIONS", "/api/projects")
    assert (options.status_code, set(options.headers["Allow"].split(", "))) == (
        200,
        {"GET", "HEAD", "OPTIONS"} | {"POST"},
    )
