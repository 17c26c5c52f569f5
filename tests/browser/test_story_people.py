"""Somebody is given one project: what they see and may, and what becomes of their window when they are removed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acme import PASSWORD
from tests.browser.chromium import SIGNED_OUT, Person, go
from tests.browser.reading import card, ended
from tests.browser.town_process import Town

pytestmark = pytest.mark.real
ENTRANCE = re.compile("/sign-in$")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("people") / "data", "acme") as town:
        yield town


def test_somebody_deploys_one_project_until_they_are_removed(browser, town):
    admin, zoe = (Person(browser, town.url, reduced_motion="reduce") for _ in range(2))
    zoe.bears(SIGNED_OUT)
    admin.bears(SIGNED_OUT)  # before they sign in
    try:
        people = signed_in(admin, "anna", PASSWORD, "/settings/people")
        password = added(people, "zoe", project="shop")
        board = signed_in(zoe, "zoe", password, "/deploys")
        sees_one_project(board)
        deploys(board)
        cannot_see_what_is_for_admins(board)
        removed(people, "zoe")
        expect(board.get_by_role("heading", name="You were signed out")).to_be_visible()
        board.get_by_role("button", name="Sign in again").click()
        expect(board).to_have_url(ENTRANCE)
        go(people, town.url + "/activity?kind=people")
        expect(people.get_by_text("zoe was removed")).to_be_visible()
    finally:
        faults = admin.faults + zoe.faults
        admin.leave()
        zoe.leave()
    assert faults == []


def signed_in(person: Person, name: str, password: str, wanted: str) -> Page:
    """By name and password, on the way to where one wanted to go."""
    window = person.window(wanted)
    expect(window).to_have_url(ENTRANCE)
    window.get_by_label("Name").fill(name)
    window.get_by_label("Password").fill(password)
    window.get_by_role("button", name="Sign in").first.click()
    expect(window).to_have_url(person.home + wanted)
    return window


def added(window: Page, name: str, *, project: str) -> str:
    """By an admin; the password that they hand on."""
    window.get_by_role("link", name="Add a person").click()
    form = window.get_by_role("alertdialog")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Only some").check()
    form.get_by_label(project, exact=True).check()
    form.get_by_role("button", name="Generate").click()
    password = form.get_by_label("First password", exact=True).input_value()
    form.get_by_role("button", name="Add", exact=True).click()
    once = window.get_by_role("alertdialog", name=f"{name} can sign in")
    expect(once).to_contain_text(password)
    once.get_by_role("button", name="Copy").click()
    once.get_by_role("button", name="Done").click()
    expect(window.get_by_role("listitem").filter(has_text=name)).to_contain_text(f"Deployer {project} No two-factor")
    return password


def sees_one_project(window: Page) -> None:
    links = window.get_by_role("navigation", name="Projects").get_by_role("link")
    expect(links).to_have_count(1)
    window.get_by_role("link", name="Board").first.click()
    expect(window.locator("[data-project]")).to_have_count(1)


def deploys(window: Page) -> None:
    card(window, "main-8f31c2e", "shop/dev").locator("[data-focus-card]").focus()
    window.keyboard.press("d")
    window.get_by_label("Tag or digest").fill("main-c41f7aa")
    window.keyboard.press("Enter")
    ended(window, "main-c41f7aa to shop/dev", "Succeeded")
    expect(card(window, "main-c41f7aa", "shop/dev")).to_contain_text("Running")


def cannot_see_what_is_for_admins(window: Page) -> None:
    window.get_by_role("link", name="Settings").first.click()
    expect(window.get_by_role("heading", name="Your account")).to_be_visible()
    sections = window.get_by_role("navigation", name="Sections of the settings").get_by_role("link")
    expect(sections).to_have_text(["This browser", "Your account", "API tokens"])
    go(window, window.url.rsplit("/", 1)[0] + "/settings/people")
    expect(window.get_by_text("Only an admin may see or change this.")).to_be_visible()
    window.keyboard.press("Control+k")
    window.keyboard.type("new project")
    expect(window.get_by_role("dialog").get_by_role("status")).to_have_text("Nothing found.")
    window.keyboard.press("Escape")


def removed(window: Page, name: str) -> None:
    window.get_by_role("button", name=f"Actions for {name}").click()
    window.get_by_role("menuitem", name="Remove").click()
    question = window.get_by_role("alertdialog", name=f"Remove {name}?")
    expect(question).to_contain_text("1 session ends at once")
    question.get_by_role("button", name="Remove", exact=True).click()
    expect(window.get_by_role("button", name=f"Actions for {name}")).to_have_count(0)
