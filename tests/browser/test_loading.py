"""Addresses, the keyboard, and pages of which a part does not arrive."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import go
from tests.browser.reading import card, light, until_fetched
from tests.browser.town_process import Town

pytestmark = pytest.mark.real
BROKEN_OFF = "net::ERR_CONNECTION_RESET"
SETTLES = 1500  # milliseconds until pages are fetched ahead: ui/src/routes/+layout.svelte


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town") / "data", "acme") as town:
        yield town


@pytest.fixture
def person(town, browser):
    person = town.person(browser, reduced_motion="reduce")
    yield person
    person.leave()
    assert person.faults == []


@pytest.mark.parametrize("part", ["boot", "entry/start", "entry/app", "nodes/0"])
def test_a_page_whose_script_was_broken_off_is_loaded_again(person, part):
    person.bears(f"{BROKEN_OFF}|dynamically imported module")
    window = person.window()
    broken = []

    def break_off(route):
        broken.append(route.request.url)
        route.abort("connectionreset") if len(broken) < 3 else route.continue_()

    window.route(re.compile(rf"/immutable/{part}\W"), break_off)
    go(window, person.home)
    light(window, "Live")
    assert len(broken) >= 3
    assert window.evaluate("() => window.name") == ""


def test_a_page_that_never_arrives_is_not_loaded_for_ever(person):
    person.bears(BROKEN_OFF)
    window = person.window()
    loads = []
    window.on("framenavigated", lambda _: loads.append(1))
    window.route(re.compile(r"/immutable/boot\W"), lambda route: route.abort("connectionreset"))
    window.goto(person.home, wait_until="commit")
    while len(loads) < 6:
        window.wait_for_timeout(100)
    window.wait_for_timeout(4000)  # a sixth try would come after 3.2 s
    assert len(loads) == 6


def test_pages_are_fetched_ahead_although_each_of_them_is_broken_off_once(person):
    """Chromium breaks off what it loads with every container that begins: nothing of it is missing for that."""
    person.bears(BROKEN_OFF)
    window = not_fetching_ahead(person)
    once: set[str] = set()

    def break_off(route):
        seen = route.request.url in once
        once.add(route.request.url)
        route.continue_() if seen else route.abort("connectionreset")

    window.route(re.compile(r"/immutable/"), break_off)
    window.evaluate("() => settle()")
    until_fetched(window)
    assert len(once) > 20
    asked = len(once)
    window.context.set_offline(True)
    person.bears(r"net::ERR_INTERNET_DISCONNECTED")
    for name in ("Deploys", "Activity", "Metrics"):
        window.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        expect(window.get_by_role("heading", level=1, name=name)).to_be_visible()
    assert len(once) == asked


def test_a_page_whose_code_was_broken_off_opens_when_it_arrives(person):
    """Four times: when it is opened, and the first three that it is asked for again."""
    window = missing(person, times=4)
    expect(window.get_by_text("has not arrived yet")).to_be_visible()
    assert window.url.endswith("/deploys")
    expect(window.get_by_role("heading", level=1, name="Deploys")).to_be_visible()
    window.go_back()
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()


def test_a_page_whose_code_does_not_arrive_can_be_asked_for_again(person):
    window = missing(person, times=5)
    window.get_by_role("button", name="Try again").click()
    expect(window.get_by_role("heading", level=1, name="Deploys")).to_be_visible()


def test_who_goes_elsewhere_is_not_called_back_to_a_page_that_arrives_late(person):
    window = missing(person, times=4)
    window.get_by_role("link", name="To the board", exact=True).click()
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()
    window.wait_for_timeout(5000)  # it is asked for again for 4.3 s
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()


def not_fetching_ahead(person) -> Page:
    """A window with the board, in which pages are fetched after `settle()`, or when they are wanted."""
    window = person.window()
    window.add_init_script(
        f"""const real = setTimeout, held = [];
        window.setTimeout = (does, ms, ...more) => (ms === {SETTLES} ? held.push(does) : real(does, ms, ...more));
        window.settle = () => held.forEach((does) => does());"""
    )
    go(window, person.home)
    light(window, "Live")
    return window


def missing(person, times: int) -> Page:
    """A window in which somebody wants to see the deploys, and their page is broken off so many times."""
    person.bears(BROKEN_OFF)
    window = not_fetching_ahead(person)
    broken = []

    def break_off(route):
        broken.append(route.request.url)
        route.abort("connectionreset") if len(broken) <= times else route.continue_()

    window.route(re.compile(r"/immutable/nodes/"), break_off)
    window.get_by_role("navigation", name="Main").get_by_role("link", name="Deploys").click()
    expect(window.get_by_role("heading", name="This could not be loaded")).to_be_visible()
    return window


def test_an_address_leads_to_what_lies_over_the_page_and_back(person, town):
    window = person.window(f"/projects/shop?deploy={town.places['failed']}")
    drawer = window.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name="3.2.0 to checkout/rel")).to_be_visible()
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_have_count(0)
    expect(window.get_by_role("heading", level=1, name="shop")).to_be_visible()
    window.go_back()
    expect(drawer.get_by_role("heading", name="3.2.0 to checkout/rel")).to_be_visible()
    drawer.get_by_role("link", name="Open as a page").click()
    expect(window.get_by_role("heading", level=1, name="3.2.0 to checkout/rel")).to_be_visible()
    window.get_by_role("navigation", name="Main").get_by_role("link", name="Board").click()
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()
    window.go_back()
    expect(window.get_by_role("heading", level=1, name="3.2.0 to checkout/rel")).to_be_visible()
    window.go_forward()
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()
    window.reload()
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()


def test_a_deploy_is_made_with_the_keyboard_alone(person):
    window = person.window("/")
    light(window, "Live")
    window.keyboard.press("Control+k")
    window.keyboard.type("deploy docs/dev")
    expect(window.get_by_role("option", selected=True)).to_have_text("Deploy a tag to docs/dev")
    window.keyboard.press("Enter")
    expect(window.get_by_role("dialog", name="Deploy a tag to docs/dev")).to_be_visible()
    focused(window, "Tag or digest")
    person.bears("status of 404")  # the browser says so of the refusal
    window.keyboard.type("main-nowhere")
    window.keyboard.press("Enter")
    expect(window.get_by_role("alert")).to_contain_text("has no tag main-nowhere")
    window.keyboard.press("Control+a")
    window.keyboard.type("main-4f1c09a")
    window.keyboard.press("Enter")
    drawer = window.get_by_role("dialog", name="Deploy #")
    expect(drawer.get_by_text("Succeeded", exact=True).first).to_be_visible()
    window.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(window.get_by_role("heading", level=1, name="Board")).to_be_visible()


def test_the_arrows_go_from_card_to_card_and_letters_act_on_one(person):
    window = person.window("/")
    light(window, "Live")
    window.keyboard.press("/")
    window.keyboard.type("shop")
    expect(card(window, "main-8f31c2e", "shop/dev")).to_be_visible()
    card(window, "main-8f31c2e", "shop/dev").get_by_role("button", name="main-8f31c2e", exact=True).focus()
    window.keyboard.press("ArrowRight")
    focused(window, "2.14.1")
    window.keyboard.press("l")
    expect(window.get_by_role("dialog", name="Log of")).to_be_visible()
    window.keyboard.press("Escape")
    focused(window, "2.14.1")
    window.keyboard.press("?")
    expect(window.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def focused(window: Page, name: str) -> None:
    """The element with the focus is the one of that name."""
    element = window.locator(":focus")
    expect(element).to_have_accessible_name(name)
