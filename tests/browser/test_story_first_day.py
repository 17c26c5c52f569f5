"""The first day: from an empty board to a deploy that fails, why it did, and what was done about it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.reading import card, column, ended
from tests.parts import images
from tests.parts.registry import Registry

pytestmark = pytest.mark.real


@pytest.fixture
def telling(house, tmp_path):
    """A registry that notifies Forge of every push, by itself."""
    registry = Registry(tmp_path / "telling", notify=house.forge.url + house.hook())
    registry.start()
    yield registry
    registry.stop()


def test_the_first_day(house, sign_in, telling):
    person = sign_in(house.forge)
    window = person.window("/")
    expect(window.get_by_role("heading", level=1)).to_be_visible()
    expect(window.locator("[data-project]")).to_have_count(0)
    window.evaluate("() => { window.neverReloaded = true }")

    house.settings(unknown_image="ignore")
    made_from_an_image(window, telling)
    watched_live(window, telling)
    link = card(window, "dev-1", "shop/dev").get_by_role("link", name="dev-shop.localhost")
    expect(link).to_have_attribute("href", f"http://dev-shop.localhost:{house.caddy.port}")
    window.get_by_role("button", name="Promote dev-1 to rel").click()
    window.get_by_role("alertdialog").get_by_role("button", name="Promote to rel").click()
    ended(window, "dev-1 to shop/rel", "Succeeded")
    expect(card(window, "dev-1", "shop/rel")).to_contain_text("Running")
    expect(window.get_by_role("button", name="Promote dev-1 to rel")).to_have_count(0)

    images.push(telling, "shop", "dev-2")
    expect(card(window, "dev-2", "shop/dev")).to_contain_text("Running")
    expect(card(window, "dev-1", "shop/dev")).to_have_count(0)

    it_fails_and_says_why(window, telling)
    rolled_back(window)
    assert house.page("dev-shop") == (200, "dev-1\n")
    assert house.page("rel-shop") == (200, "dev-1\n")
    assert window.evaluate("() => window.neverReloaded"), "the page was loaded anew"


def made_from_an_image(window: Page, telling: Registry) -> None:
    """What is pasted on the empty board is found out, completed, and live; the project's page is left for the board."""
    images.push(telling, "shop", "dev-0")
    window.get_by_role("textbox", name="Image").fill(f"{telling.address}/shop:dev-0")
    window.keyboard.press("Enter")
    expect(window.get_by_role("heading", level=1, name="New project")).to_be_visible()
    expect(window.get_by_label("Name", exact=True)).to_have_value("shop")
    expect(window.get_by_label("Port")).to_have_value("8080")
    expect(window.get_by_label("Tags of stage 1")).to_have_value("glob:dev-*")
    window.get_by_role("button", name="Add a stage").click()
    window.get_by_label("Name of stage 2").fill("rel")
    window.get_by_label("Tags of stage 2").fill("glob:rel-*")
    window.get_by_role("combobox", name="Promoted from").nth(1).select_option("dev")
    window.get_by_role("button", name="Create and deploy").click()
    ended(window, "dev-0 to shop/dev", "Succeeded")
    window.get_by_role("link", name="Board").first.click()
    expect(card(window, "dev-0", "shop/dev")).to_contain_text("Running")


def watched_live(window: Page, telling: Registry) -> None:
    """Nobody does anything: the deploy appears, is opened while it runs, and ends before one's eyes."""
    images.push(telling, "shop", "dev-1", kind="slow", env={"START_AFTER": "1.5"})
    expect(column(window, "dev").get_by_role("progressbar")).to_be_visible()
    card(window, "dev-0", "shop/dev").get_by_role("button", name="dev-0", exact=True).click()
    drawer = window.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name="dev-1 to shop/dev")).to_be_visible()
    expect(drawer.get_by_role("log")).to_contain_text("resolve digest")
    ended(window, "dev-1 to shop/dev", "Succeeded")
    expect(card(window, "dev-1", "shop/dev")).to_contain_text("Running")


def it_fails_and_says_why(window: Page, telling: Registry) -> None:
    images.push(telling, "shop", "dev-3", kind="crashing")
    expect(column(window, "dev")).to_contain_text("dev-3 failed")
    expect(card(window, "dev-2", "shop/dev")).to_contain_text("Running")
    assert window.title().startswith("(1) ")
    column(window, "dev").get_by_role("button", name="Why").click()
    drawer = window.get_by_role("dialog")
    expect(drawer.get_by_role("alert")).to_contain_text("exit code 3")
    expect(drawer.get_by_role("alert")).to_contain_text("dev-2 still serves.")
    words = drawer.get_by_text("Last words of the candidate")
    expect(words).to_be_visible()
    expect(drawer.get_by_text("error: DATABASE_URL is not set").first).to_be_visible()
    window.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def rolled_back(window: Page) -> None:
    """From the project's page, back to the first one."""
    window.get_by_role("main").get_by_role("link", name="shop", exact=True).click()
    expect(window.get_by_role("heading", level=1, name="shop")).to_be_visible()
    window.get_by_role("button", name="Roll back").first.click()
    question = window.get_by_role("alertdialog")
    expect(question).to_contain_text("Roll shop/dev back?")
    question.get_by_role("button", name="Roll back").click()
    ended(window, "dev-1 to shop/dev", "Succeeded")
    window.get_by_role("main").get_by_role("link", name="Deploys", exact=True).click()
    expect(window.get_by_role("table")).to_contain_text("dev-3")
