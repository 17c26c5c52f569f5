"""Where things are on the board, by what a person reads, and the sentences that several stories need."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

FETCHED_AHEAD = "() => performance.getEntriesByName('forge: pages fetched ahead').length > 0"


def column(window: Page, stage: str) -> Locator:
    """A stage of the board."""
    return window.locator("[data-column]").filter(has=window.get_by_role("heading", name=stage, exact=True))


def card(window: Page, tag: str, place: str) -> Locator:
    """An instance, or a deploy that brings the first one."""
    return window.get_by_role("article", name=f"{tag} on {place}", exact=True)


def light(window: Page, state: str) -> None:
    """Wait until the connection light says so."""
    expect(window.locator("header").get_by_role("status").filter(has_text=state)).to_have_text(state)


def until_fetched(window: Page) -> None:
    """Wait until the code of all pages is here (ui/src/lib/shell/ahead.ts)."""
    window.wait_for_function(FETCHED_AHEAD, timeout=60_000)


def ended(window: Page, title: str, status: str) -> None:
    """The open drawer says how its deploy ended; then it is closed."""
    drawer = window.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name=title)).to_be_visible()
    expect(drawer.get_by_text(status, exact=True).first).to_be_visible()
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_have_count(0)
