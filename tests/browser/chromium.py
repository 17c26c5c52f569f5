"""Chromium as people use it, watched: what goes wrong in a page unseen, or leaves for elsewhere, is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright

from forge.api.cookies import COOKIE
from tests.canaries.watch import watches
from tests.parts.process import find_program

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
PATIENCE = 20_000  # milliseconds: the machine may be busy, and a story waits for real containers
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"  # Chromium breaks off what it loads whenever a container begins or ends
SIGNED_OUT = r"status of 401"  # the browser itself says so of every answer with 401


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Debian's Chromium without a window; raises PartMissing where there is none."""
    program = find_program("chromium", "chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGS, *more])
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody with a browser of their own: windows that share cookies, storage and the one stream.

    `faults` is what no test may see: errors in the console (a broken policy is one of them), exceptions, and requests
    to anywhere but `home`. `bears` takes a pattern of errors that belong to the story.
    """

    def __init__(self, browser: Browser, home: str, **look: Any) -> None:
        self.home = home
        self.faults: list[str] = []
        self.borne = [NETWORK_CHANGED]
        self.context: BrowserContext = browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1400, "height": 840}, "color_scheme": "dark", **look}
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self._fault(f"exception: {error.error}"))
        self.context.on("request", self._see)

    def bears(self, pattern: str) -> None:
        self.borne.append(pattern)

    def window(self, path: str | None = None) -> Page:
        """Another window, or tab; at `path` if one is given."""
        page = self.context.new_page()
        if path is not None:
            go(page, self.home + path)
        return page

    def leave(self) -> None:
        """Close all windows; what they show, and what only this browser may know, is told to those who watch."""
        for watch in watches():
            for cookie in self.context.cookies():
                if cookie["name"].endswith(COOKIE) and cookie["value"]:
                    watch.learn("session", cookie["value"])
            for page in self.context.pages:
                watch.hears(f"page {urlsplit(page.url).path}", page.content())
        self.context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._fault(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _see(self, request: Request) -> None:
        address = urlsplit(request.url)
        for watch in watches():
            watch.asked(request.url.removeprefix(self.home), request.headers, request.post_data_buffer)
        if address.scheme != "blob" and f"{address.scheme}://{address.netloc}" != self.home:
            self._fault(f"request to {request.url}")

    def _fault(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.borne):
            self.faults.append(text)


def go(page: Page, address: str) -> None:
    """Open an address; anew where the network changed meanwhile, which a Chromium with a window does by itself."""
    try:
        page.goto(address)
    except Error as error:
        if NETWORK_CHANGED not in error.message:
            raise
        go(page, address)


def axe_source() -> str:
    """axe-core, as npm brought it."""
    file = Path(__file__).parents[2] / "ui/node_modules/axe-core/axe.min.js"
    assert file.is_file(), "axe-core is not there: run `make ui`"
    return file.read_text("utf-8")


TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]  # rules whose answer changes with the theme


def violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe finds wrong with the page as it is, each with where.

    Evaluated by the debugger, which the page's policy does not hold up; nothing of the policy is switched off.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {axe_source()} }}")
    only = {"type": "rule", "values": OF_COLOUR} if colours_only else {"type": "tag", "values": TAGS}
    ask = "only => axe.run(document, {runOnly: only, resultTypes: ['violations'], elementRef: false})"
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary'].splitlines()[1].strip()}"
        for fault in page.evaluate(ask, only)["violations"]
        for node in fault["nodes"]
    ]
