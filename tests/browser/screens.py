"""Every screen of the board, one line each: the tests look at all of them, and `make pictures` takes their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.chromium import go


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`path` and `shows` may hold {names} of the town's places. `shows`: a heading, or what a dialog is named.

    `keys` are pressed once the page is there. `guest`: as somebody sees it who is not signed in.
    `picture`: worth one in the documentation.
    """

    name: str
    path: str
    shows: str
    keys: tuple[str, ...] = ()
    guest: bool = False
    picture: bool = True

    def open(self, window: Page, home: str, places: Mapping[str, Any]) -> None:
        """Go there and wait until all of it is drawn."""
        go(window, home + self.path.format(**places))
        if self.guest:
            window.get_by_role("heading", level=1).wait_for()
        else:
            expect(window.locator("header").get_by_role("status")).to_have_text("Live")
        for key in self.keys:
            window.keyboard.press(key)
        name = self.shows.format(**places)
        there = window.get_by_role("heading", name=name).or_(window.get_by_role("dialog", name=name))
        expect(there.first).to_be_visible()
        expect(window.locator("[aria-busy=true]")).to_have_count(0)
        window.evaluate("() => document.fonts.ready.then(() => true)")


SCREENS = (
    Screen(name="board", path="/", shows="Board"),
    Screen(name="project", path="/projects/{project}", shows="{project}"),
    Screen(name="deploy", path="/?deploy={deploy}", shows="main-8f31c2e to shop/dev"),
    Screen(name="deploy-page", path="/deploys/{deploy}", shows="main-8f31c2e to shop/dev"),
    Screen(name="deploy-failed", path="/deploys/{failed}", shows="3.2.0 to checkout/rel"),
    Screen(name="deploy-running", path="/?deploy={running}", shows="1.9.0 to search/rel"),
    Screen(name="deploys", path="/deploys", shows="Deploys"),
    Screen(name="activity", path="/activity", shows="Activity"),
    Screen(name="sightings", path="/sightings", shows="Sightings"),
    Screen(name="metrics", path="/metrics", shows="Metrics"),
    Screen(name="registries", path="/registries", shows="Connections"),
    Screen(name="proxies", path="/proxies", shows="Connections", picture=False),
    Screen(name="engines", path="/engines", shows="Connections", picture=False),
    Screen(name="settings", path="/settings/webhook", shows="Settings"),
    Screen(name="notifications", path="/settings/notifications", shows="Settings"),
    Screen(name="backup", path="/settings/backup", shows="Backup"),
    Screen(name="oidc", path="/settings/oidc", shows="Sign-in"),
    Screen(name="account", path="/settings/account", shows="Your account"),
    Screen(name="people", path="/settings/people", shows="People"),
    Screen(name="person", path="/settings/people?add", shows="Add a person", picture=False),
    Screen(name="tokens", path="/settings/tokens", shows="API tokens"),
    Screen(name="token", path="/settings/tokens?add", shows="Make a token", picture=False),
    Screen(name="settings-domains", path="/settings/domains", shows="Settings", picture=False),
    Screen(name="project-settings", path="/projects/{project}/settings", shows="{project}"),
    Screen(name="stage-settings", path="/projects/{project}/stages/dev", shows="{project}", picture=False),
    Screen(name="history", path="/projects/{project}/history", shows="{project}", picture=False),
    Screen(name="new-project", path="/new", shows="New project"),
    Screen(name="adopt", path="/adopt", shows="Adopt"),
    Screen(name="first-start", path="/start", shows="start"),
    Screen(name="log", path="/?log={instance}", shows="Log of"),
    Screen(name="palette", path="/", shows="Search or run a command", keys=("Control+k",)),
    Screen(name="shortcuts", path="/", shows="Keyboard shortcuts", keys=("?",), picture=False),
    Screen(name="no-page", path="/nowhere", shows="There is no such page", picture=False),
    Screen(name="sign-in", path="/sign-in", shows="Sign in to Forge", guest=True),
)
