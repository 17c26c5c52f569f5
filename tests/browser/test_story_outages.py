"""The line to Forge is cut, Forge is started anew, several windows are open: the pages come back by themselves."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import SIGNED_OUT, go
from tests.browser.reading import card, column, light, until_fetched
from tests.browser.relay import Relay
from tests.canaries.kinds import canary
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
CUT = r"net::ERR_|status of 50\d|Failed to fetch dynamically imported module"


@pytest.fixture(scope="module")
def shop(house):
    """A project with a live instance; the name of its stage."""
    house.project("shop")
    images.push(house.registry, "shop", "dev-1")
    assert house.forge.deploy("shop/dev", "dev-1")["status"] == "succeeded"
    for number in range(2, 8):
        images.push(house.registry, "shop", f"dev-{number}")
    return "shop/dev"


@pytest.fixture
def relay(house):
    with Relay(house.forge.port) as relay:
        yield relay


def serving(house) -> str:
    return house.forge.serving("shop/dev")[0]


def next_one(house) -> str:
    """Deploy another tag by the API; which."""
    tag = f"dev-{int(serving(house).removeprefix('dev-')) + 1}"
    assert house.forge.deploy("shop/dev", tag)["status"] == "succeeded"
    return tag


def test_a_cut_line_comes_back_with_what_was_missed(house, shop, relay, sign_in):
    person = sign_in(house.forge, home=relay.url)
    person.bears(CUT)
    window = person.window("/")
    light(window, "Live")
    until_fetched(window)
    before = serving(house)
    relay.cut()
    light(window, "Reconnecting")
    window.get_by_role("link", name="Metrics").click()  # a page that was not open yet: it is here already
    expect(window.get_by_role("heading", level=1, name="Metrics")).to_be_visible()
    window.go_back()
    expect(card(window, before, shop)).to_be_visible()  # what was known stays
    window.get_by_role("button", name=f"Actions for {before} on {shop}").click()  # and can be used meanwhile
    window.keyboard.press("Escape")
    tag = next_one(house)
    light(window, "Offline")
    expect(window.get_by_text("Forge has not answered since")).to_be_visible()
    relay.mend()
    window.get_by_role("button", name="Retry").click()
    light(window, "Live")
    expect(card(window, tag, shop)).to_contain_text("Running")
    expect(window.get_by_text("Forge has not answered since")).to_have_count(0)


def test_a_log_goes_on_after_a_cut_without_a_hole(house, shop, relay, sign_in):
    images.push(house.registry, "shop", "dev-slow", kind="slow", env={"START_AFTER": "4"})
    number = house.forge.do("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-slow"})["id"]
    person = sign_in(house.forge, home=relay.url)
    person.bears(CUT)
    window = person.window(f"/deploys/{number}")
    expect(window.get_by_role("log")).to_contain_text("wait until healthy")
    relay.cut()
    light(window, "Reconnecting")
    relay.mend()
    light(window, "Live")
    house.forge.wait(number)
    expect(window.get_by_role("main").get_by_text("Succeeded", exact=True).first).to_be_visible()

    def shows_all() -> bool:
        """Some lines come after its end."""
        told = len(house.forge.get(f"/api/deploys/{number}/logs"))
        return f"{told} lines" in window.get_by_role("main").inner_text()

    until(shows_all, "its log is complete")
    assert house.forge.deploy("shop/dev", "dev-2")["status"] == "succeeded"


def test_forge_is_started_anew_under_an_open_page(house, shop, relay, sign_in):
    """The port is another one afterwards: the relay plays the address that stays."""
    person = sign_in(house.forge, home=relay.url)
    person.bears(f"{CUT}|{SIGNED_OUT}")
    window = person.window("/")
    light(window, "Live")
    number = house.forge.do("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-slow"})["id"]
    expect(column(window, "dev").get_by_role("progressbar")).to_be_visible()
    house.forge.restart()
    relay.target = house.forge.port
    house.forge.wait(number)
    house.forge.deploy("shop/dev", "dev-3")
    expect(card(window, "dev-3", shop)).to_contain_text("Running")
    light(window, "Live")
    expect(column(window, "dev").get_by_role("progressbar")).to_have_count(0)
    expect(window.get_by_role("article")).to_have_count(1)


def test_two_windows_share_one_stream_and_both_are_live(house, shop, relay, sign_in):
    person = sign_in(house.forge, home=relay.url)
    board, project = person.window("/"), person.window("/projects/shop")
    light(board, "Live")
    light(project, "Live")
    until(lambda: relay.streams() == 1, "one stream is open")
    tag = next_one(house)
    expect(card(board, tag, shop)).to_contain_text("Running")
    expect(project.get_by_role("region", name="dev")).to_contain_text(tag)
    board.close()  # the one that held the stream: the other takes over
    tag = next_one(house)
    expect(project.get_by_role("region", name="dev")).to_contain_text(tag)
    until(lambda: relay.streams() == 1, "one stream is open")
    light(project, "Live")


def test_whoever_signs_out_sees_nothing_more(house, shop, sign_in):
    person = sign_in(house.forge)
    person.bears(SIGNED_OUT)
    window, other = person.window("/"), person.window("/projects/shop")
    light(window, "Live")
    light(other, "Live")
    window.get_by_role("button", name="Signed in as").click()
    window.get_by_role("menuitem", name="Sign out").click()
    expect(window.get_by_role("heading", name="Sign in to Forge")).to_be_visible()
    expect(other.get_by_role("heading", name="Sign in to Forge")).to_be_visible()
    go(window, f"{house.forge.url}/projects/shop")
    expect(window.get_by_role("heading", name="Sign in to Forge")).to_be_visible()
    window.get_by_label("Token or link").fill(canary("wrong"))
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_text("is not valid")).to_be_visible()
    window.get_by_label("Token or link").fill(house.forge.token)
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_role("heading", level=1, name="shop")).to_be_visible()
