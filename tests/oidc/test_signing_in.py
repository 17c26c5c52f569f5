"""Signing in at a real provider, and everything that must not sign anybody in."""

from __future__ import annotations

import contextlib
import http.client
import logging
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from forge.api.cookies import COOKIE
from forge.domain.person import Person, Role
from forge.people.standing import hash_of
from forge.server import Server
from tests.api_world import World, a_world
from tests.canaries.app import watched
from tests.canaries.kinds import canary
from tests.oidc.provider import SECRET, OidcProvider, a_key, come_back_from, sign_out_at

pytestmark = pytest.mark.real
BACK = "http://localhost/sign-in/oidc/callback"  # where Flask's test client is


@pytest.fixture(scope="module", name="running")
def running_fixture(tmp_path_factory):
    provider = OidcProvider(tmp_path_factory.mktemp("provider"), BACK)
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture(name="provider")
def provider_fixture(running):
    """One that a test may change: it is as before afterwards."""
    before = {name: running.settings[name] for name in ("people", "keys", "client")}
    yield running
    if any(running.settings[name] is not kept for name, kept in before.items()):
        running.settings.update(before)
        running.again()


@pytest.fixture(name="world")
def world_fixture(tmp_path, provider):
    with a_world(tmp_path / "data") as world, watched(world.app, tmp_path / "data"):
        world.connect()
        world.make_shop()
        set_up(world, provider)
        yield world


def set_up(world: World, provider: OidcProvider, **more):
    answer = world.ask("PUT", "/api/oidc", provider.configuration(**more))
    assert answer.status_code == 200, answer.text
    return answer.json


class Browser:
    """A browser that goes to the provider and comes back, step by step."""

    def __init__(self, world: World) -> None:
        self.client = world.app.test_client()

    def go(self, where: str = "/sign-in/oidc") -> str:
        answer = self.client.get(where)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def back(self, address: str):
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, who: str, where: str = "/sign-in/oidc", there: requests.Session | None = None):
        return self.back(come_back_from(self.go(where), who, there))

    @property
    def session(self) -> str:
        return self.client.get_cookie(COOKIE).value

    def me(self):
        return self.client.get("/api/me")


def refused(answer, *words: str) -> None:
    """A page with a sentence, and nobody is signed in."""
    assert answer.status_code in {401, 502}, answer.text
    assert answer.mimetype == "text/html"
    assert all(word in answer.text for word in words), answer.text
    assert not any(cookie.startswith(f"{COOKIE}=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_who_signs_in_there_is_who_they_are_here_with_the_role_of_their_groups(world):
    browser = Browser(world)
    answer = browser.sign_in("1001", "/sign-in/oidc?next=/projects/shop")
    assert answer.status_code == 200, answer.text
    assert '<meta http-equiv="refresh" content="0; url=/projects/shop">' in answer.text
    cookies = answer.headers.getlist("Set-Cookie")
    assert any(cookie.startswith(f"{COOKIE}=") and "SameSite=Strict" in cookie for cookie in cookies)
    assert any(cookie.startswith("forge_oidc=;") for cookie in cookies)
    me = browser.me().json
    assert (me["name"], me["role"], me["password"]) == ("ada", "admin", False)


def test_what_is_sent_to_the_provider_is_state_nonce_and_a_challenge_each_time_anew(world, provider):
    asked = [dict(parse_qsl(urlsplit(Browser(world).go()).query)) for _ in range(2)]
    assert asked[0]["redirect_uri"] == BACK
    assert asked[0]["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name]) >= 43
        assert asked[0][name] != asked[1][name]
    assert provider.settings["client"]["secret"] not in str(asked)


def test_who_is_in_no_mapped_group_is_refused_and_no_account_is_made(world):
    refused(Browser(world).sign_in("1002"), "none of your groups may use Forge")
    assert world.runtime.store.people.all() == []


def test_who_is_in_no_mapped_group_can_be_a_viewer_if_an_admin_says_so(world, provider):
    set_up(world, provider, others="viewer")
    browser = Browser(world)
    assert browser.sign_in("1002").status_code == 200
    assert browser.me().json["role"] == "viewer"


def test_a_group_that_is_taken_away_takes_the_role_at_the_next_sign_in(world, provider):
    first = Browser(world)
    first.sign_in("1001")
    people = provider.settings["people"]
    provider.settings["people"] = {**people, "1001": {**people["1001"], "groups": ["web"]}}
    provider.again()
    Browser(world).sign_in("1001")
    me = first.me().json  # also where they were signed in before
    assert (me["role"], me["projects"]) == ("deployer", ["shop"])
    provider.settings["people"] = {**people, "1001": {**people["1001"], "groups": []}}
    provider.again()
    refused(Browser(world).sign_in("1001"), "none of your groups")
    assert first.me().status_code == 401
    left = world.runtime.store.people.get("ada")
    assert (left.role, left.projects) == (Role.VIEWER, frozenset())


def test_who_changes_their_name_there_stays_who_they_are_here(world, provider):
    Browser(world).sign_in("1001")
    people = provider.settings["people"]
    provider.settings["people"] = {**people, "1001": {**people["1001"], "preferred_username": "countess"}}
    provider.again()
    browser = Browser(world)
    browser.sign_in("1001")
    assert browser.me().json["name"] == "ada"


def test_somebody_of_the_same_name_is_never_taken_over(world):
    world.runtime.people.accounts.add(Person(name="ada", role=Role.ADMIN), "correct horse battery", "test")
    refused(Browser(world).sign_in("1001"), "There is somebody named ada here already")
    assert world.runtime.store.people.get("ada").password


def test_groups_that_only_the_userinfo_tells_are_asked_for(world, provider):
    provider.settings["userinfo_only"] = True
    provider.again()
    try:
        browser = Browser(world)
        assert browser.sign_in("1001").status_code == 200
        assert browser.me().json["role"] == "admin"
    finally:
        del provider.settings["userinfo_only"]
        provider.again()


def test_a_state_that_is_wrong_signs_nobody_in(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    state = parse_qs(urlsplit(address).query)["state"][0]
    refused(browser.back(address.replace(state, "A" * 43)), "begin anew")


def test_an_answer_in_another_browser_signs_nobody_in_and_ends_nothing(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    refused(Browser(world).back(address), "was not begun in this browser")
    assert browser.back(address).status_code == 200


def test_a_code_is_good_once(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    assert browser.back(address).status_code == 200
    refused(browser.back(address), "begin anew")


def test_a_code_that_was_used_at_the_provider_signs_nobody_in(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    flows = world.runtime.people.oidc._flows
    kept = dict(flows._flows)
    assert browser.back(address).status_code == 200
    flows._flows.update(kept)  # as if Forge had not noticed
    other = Browser(world)
    other.client.set_cookie("forge_oidc", "x", path="/sign-in/oidc")
    state = next(iter(kept))
    flows._flows[state] = replace(kept[state], browser=hash_of("x"))
    refused(other.back(address), "does not take the code")


def tampered(world: World, **more) -> None:
    flows = world.runtime.people.oidc._flows._flows
    for state, flow in flows.items():
        flows[state] = replace(flow, **more)


def test_a_token_of_another_sign_in_signs_nobody_in(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    tampered(world, nonce="another")
    refused(browser.back(address), "it belongs to another sign-in")


def test_who_does_not_have_the_verifier_gets_nothing_for_the_code(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    tampered(world, verifier="v" * 64)
    refused(browser.back(address), "does not take the code")


def test_a_token_that_is_over_signs_nobody_in(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    real = world.runtime.people.oidc.clock
    world.runtime.people.oidc._provider[2]._clock = lambda: real() + 3600
    refused(browser.back(address), "it is over already", "clocks")


def test_a_sign_in_that_takes_longer_than_ten_minutes_is_begun_anew(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    tampered(world, until=0.0)
    refused(browser.back(address), "ten minutes")


def test_keys_are_changed_at_the_provider_between_two_sign_ins_and_within_one(world, provider):
    assert Browser(world).sign_in("1001").status_code == 200
    provider.rotate()
    assert Browser(world).sign_in("1001").status_code == 200


def test_a_token_by_a_key_that_was_withdrawn_signs_nobody_in(world, monkeypatch):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    public = {name: value for name, value in a_key().items() if name not in {"d", "p", "q", "dp", "dq", "qi"}}
    monkeypatch.setattr(world.runtime.people.oidc._provider[2], "keys", lambda _metadata: [public])
    refused(browser.back(address), "not signed by a key of the provider")


def test_a_provider_that_is_down_is_told_before_and_in_the_middle(world, provider):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    provider.stop()
    try:
        answer = browser.back(address)
        assert answer.status_code == 502
        refused(answer, "refuses the connection")
        set_up(world, provider, label="Another")  # asked anew
        refused(Browser(world).client.get("/sign-in/oidc"), "refuses the connection")
    finally:
        provider.start()


def test_a_wrong_secret_is_told_to_whoever_signs_in(world, provider):
    set_up(world, provider, secret=canary("another"))
    refused(Browser(world).sign_in("1001"), "client id and secret")


def test_settings_that_change_in_the_middle_end_what_was_begun(world, provider):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    set_up(world, provider, groups=[])
    refused(browser.back(address), "begin anew")


def test_the_provider_says_no(world):
    browser = Browser(world)
    state = parse_qs(urlsplit(browser.go()).query)["state"][0]
    refused(browser.client.get(f"/sign-in/oidc/callback?error=access_denied&state={state}"), "did not agree")
    state = parse_qs(urlsplit(browser.go()).query)["state"][0]
    odd = browser.client.get(f"/sign-in/oidc/callback?error=<b>x&error_description=<script>&state={state}")
    refused(odd, "did not sign you in")
    assert "<script>" not in odd.text
    assert "<b>" not in odd.text


def test_an_answer_of_another_provider_signs_nobody_in(world):
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    assert "iss=http%3A%2F%2Flocalhost" in address
    refused(browser.back(address.replace("%2Flocalhost", "%2Felsewhere")), "another provider")


def test_the_test_says_that_all_is_well_and_exactly_what_is_not(world, provider):
    def trial():
        return world.ask("POST", "/api/oidc/test").json

    assert trial()["ok"] is True, trial()
    assert BACK in trial()["text"]
    set_up(world, provider, secret=canary("wrong"))
    assert trial()["fault"] == "client"
    set_up(world, provider, scopes=["openid", "groups"])
    assert trial()["fault"] == "scopes"
    set_up(world, provider, issuer=f"http://127.0.0.1:{provider.port}")
    assert trial()["fault"] == "issuer"
    assert provider.issuer in trial()["text"]
    set_up(world, provider, issuer=f"{provider.issuer}/realms/none")
    assert trial()["fault"] == "discovery"
    set_up(world, provider)
    world.runtime.people.oidc.clock = lambda: 1e9
    assert trial()["fault"] == "clock"


def test_the_secret_and_the_code_are_in_no_page_answer_event_or_log_line(world, provider, caplog):
    caplog.set_level(logging.DEBUG, logger="forge")
    browser = Browser(world)
    address = come_back_from(browser.go(), "1001")
    page = browser.back(address).text
    seen = page + world.ask("GET", "/api/oidc").text + world.ask("GET", "/api/config").text + caplog.text
    seen += "".join(str(dict(row)) for row in world.runtime.store.database.rows("SELECT * FROM event"))
    assert SECRET not in seen
    assert parse_qs(urlsplit(address).query)["code"][0] not in seen
    assert world.ask("GET", "/api/oidc").json["oidc"]["has_secret"] is True


@pytest.fixture(name="served")
def served_fixture(world, provider):
    """Forge on a real port, and the provider told where to call for whom it signs out."""
    server = Server(world.runtime)
    server.start()
    provider.settings["client"] = {**provider.settings["client"], "logout": f"{server.url}/api/oidc/logout"}
    provider.again()
    yield server
    server.close()


def test_who_signs_out_at_the_provider_is_signed_out_here_at_once_with_every_open_stream(world, provider, served):
    there, browser, elsewhere, other = requests.Session(), Browser(world), Browser(world), Browser(world)
    set_up(world, provider, others="viewer")
    assert browser.sign_in("1001", there=there).status_code == 200
    assert elsewhere.sign_in("1001").status_code == 200
    assert other.sign_in("1002").status_code == 200
    with contextlib.ExitStack() as opened:
        streams = [opened.enter_context(stream(served, one)) for one in (browser, other)]
        sign_out_at(provider, there)
        assert [one.me().status_code for one in (browser, elsewhere, other)] == [401, 401, 200]
        streams[0].read()  # ends, or the time-out is an error
        assert streams[1].readline(), "nobody else is disturbed"
    ended = [event for event in events(world) if event["type"] == "session_ended"]
    assert ["ada" in event["payload"] for event in ended] == [True]
    assert browser.sign_in("1001").status_code == 200, "they may come again"


@contextlib.contextmanager
def stream(server: Server, browser: Browser):
    line = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=15)
    line.request("GET", "/api/events", headers={"Cookie": f"{COOKIE}={browser.session}"})
    answer = line.getresponse()
    assert answer.status == 200
    answer.readline()
    yield answer
    line.close()


def events(world: World):
    return [dict(row) for row in world.runtime.store.database.rows("SELECT * FROM event")]


def test_a_session_lasts_as_long_as_was_set_and_then_the_provider_is_asked_again(world, provider):
    set_up(world, provider, session_lasts=3600)
    browser = Browser(world)
    browser.sign_in("1001")
    sessions, real = world.runtime.people.sessions, world.runtime.people.sessions.clock
    sessions.clock = lambda: real() + 3590
    assert browser.me().status_code == 200
    sessions.clock = lambda: real() + 3600
    assert browser.me().status_code == 401
    assert 'href="/sign-in/oidc"' in browser.client.get("/sign-in").text
