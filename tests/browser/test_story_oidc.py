"""Somebody signs in at a provider of OpenID Connect, in a real browser, and arrives signed in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.forge_process import ForgeProcess
from tests.oidc.provider import OidcProvider

pytestmark = pytest.mark.real
OPS = [{"group": "ops", "role": "admin"}]


@pytest.fixture(name="forge")
def forge_fixture(tmp_path):
    forge = ForgeProcess(tmp_path / "data")
    forge.start()
    yield forge
    forge.stop()


@pytest.fixture(name="provider")
def provider_fixture(tmp_path, forge):
    provider = OidcProvider(tmp_path, f"{forge.url}/sign-in/oidc/callback")
    provider.start()
    yield provider
    provider.stop()


def test_the_way_to_the_provider_and_back_over_two_sites(forge, provider, invite):
    forge.do("PUT", "/api/oidc", provider.configuration(label="Sign in by Example", groups=OPS))
    assert forge.do("POST", "/api/oidc/test")["ok"] is True
    person = invite(forge.url)
    person.bears(re.escape(f"localhost:{provider.port}"))  # to a browser, another site than Forge's
    person.bears("status of 401")  # the board asks who that is, and who does not get in is told with it
    window = person.window("/sign-in")
    window.get_by_role("link", name="Sign in by Example").click()
    window.get_by_role("link", name="bob").click()
    expect(window.get_by_role("alert")).to_contain_text("none of your groups may use Forge")
    assert session(person) is None

    person.context.clear_cookies(domain="localhost")  # the provider would remember bob
    window.get_by_role("link", name="Sign in by Example").click()
    with window.expect_request(f"{forge.url}/") as arrival:
        window.get_by_role("link", name="ada").click()
    assert "forge_session=" in arrival.value.all_headers().get("cookie", "")  # a redirect would arrive without it
    window.wait_for_url(f"{forge.url}/")
    who = window.evaluate("async () => (await fetch('/api/session')).json()")
    assert (who["name"], who["role"], who["person"]) == ("ada", "admin", True)
    kept = session(person)
    assert (kept["sameSite"], kept["httpOnly"]) == ("Strict", True)
    assert "code=" not in window.evaluate("() => document.referrer")


def session(person):
    """The cookie of the session, if there is one; none of the way there is left."""
    cookies = {cookie["name"]: cookie for cookie in person.context.cookies()}
    assert "forge_oidc" not in cookies
    return cookies.get("forge_session")
