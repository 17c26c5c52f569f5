"""Whether a page that follows a log of 1,000 lines a second for half an hour stays as large as it was."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.bench.browser import a_town, a_window
from tests.bench.table import Figure, Result
from tests.browser.chromium import chromium

MINUTES = 30
FULL = 4  # minutes until the page holds as many lines as it ever will: 100,000, and a tenth more
MOST_GROWTH = 1.25


def run(minutes: int = MINUTES) -> Result:
    """The heap after the rubbish was taken out, once the log is full and at the end."""
    with chromium() as browser, a_town("crowd") as town:
        path = f"/?log={town.places['instance']}"
        with a_window(browser, town, path) as window:
            for minute in range(minutes):
                town.begin("lines", rate=1000, seconds=60)
                town.answer()
                if minute + 1 == min(FULL, minutes):
                    full = heap(window)
            end = heap(window)
            shown = window.get_by_role("dialog").get_by_text("are no longer kept here").count()
    notes = () if shown or minutes < FULL else ("The log was never full: the lines did not all arrive.",)
    figure = Figure(
        name=f"heap after {minutes} min of 1,000 lines/s", value=end, unit="MB", most_ratio=MOST_GROWTH,
        baseline=full, beside=f"after {FULL} min",
    )  # fmt: skip
    return Result(name="memory", figures=(figure,), notes=notes)


def heap(window: Page) -> float:
    """MB."""
    debugger = window.context.new_cdp_session(window)
    debugger.send("HeapProfiler.collectGarbage")
    used: float = debugger.send("Runtime.getHeapUsage")["usedSize"]
    debugger.detach()
    return used / 1e6
