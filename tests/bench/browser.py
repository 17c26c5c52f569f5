"""How quick the board is in Chromium: first paint, interactions, frames under load, a long log; and Lighthouse."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from forge.api.cookies import COOKIE
from tests.bench.table import Figure, Result, median, percentile
from tests.browser.chromium import ARGS, Person, chromium
from tests.browser.town_process import Town
from tests.parts.process import find_program

ROOT = Path(__file__).parents[2]
LIGHTHOUSE = ROOT / "build/lighthouse/node_modules/lighthouse/cli/index.js"
NODE = ROOT / "ui/node_modules/.bin/node"
LOADS, SECONDS, TRIES = 7, 10, 3
LINES, LINES_RATE = 100_000, 4000
MOST_PAINT, MOST_INTERACTION, MOST_FRAME, SHORT_OF_100 = 1000.0, 100.0, 100.0, 5.0  # milliseconds, points

USEFUL = """() => {
  const look = () => {
    if (!document.querySelector('[data-card], [data-project]')) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.useful = performance.now(); }));
  };
  const watch = new MutationObserver(look);
  watch.observe(document, { childList: true, subtree: true });
}"""
FRAMES = """() => {
  window.frames_ = [];
  let last = performance.now();
  const frame = at => { window.frames_.push(at - last); last = at; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""
INTERACTIONS = """() => {
  window.took = [];
  const note = list => list.getEntries().forEach(one => one.interactionId && window.took.push(one.duration));
  new PerformanceObserver(note).observe({ type: 'event', durationThreshold: 16 });
}"""


def run() -> Result:
    """Fakes stand for the parts: what is measured is the page, with Forge's own server behind it."""
    with chromium() as browser, a_town("acme") as acme, a_town("crowd") as crowd:
        figures = (
            *_paints(browser, acme, crowd),
            *_interactions(browser, crowd),
            *_frames(browser, crowd),
            *_long_log(browser, crowd),
            *_lighthouse(acme),
        )
    notes = () if LIGHTHOUSE.exists() else ("Lighthouse is not there: " + how_to_get_it(),)
    return Result(name="browser", figures=figures, notes=notes)


def how_to_get_it() -> str:
    return "npm install --prefix build/lighthouse --ignore-scripts lighthouse@13.5.0"


@contextmanager
def a_town(kind: str) -> Iterator[Town]:
    with tempfile.TemporaryDirectory() as folder, Town(Path(folder) / "data", kind) as town:
        yield town


@contextmanager
def a_window(browser: Browser, town: Town, path: str) -> Iterator[Page]:
    """Somebody's only window, nothing cached."""
    person: Person = town.person(browser)
    window = person.window()
    window.add_init_script(f"({USEFUL})()")
    window.goto(town.url + path)
    window.wait_for_function("() => window.useful || document.querySelector('dialog[open]')")
    try:
        yield window
    finally:
        person.leave()


def _paints(browser: Browser, acme: Town, crowd: Town) -> Iterator[Figure]:
    for what, town in (("6 projects", acme), ("200 projects", crowd)):
        paints, empty = [], []
        for _ in range(LOADS):
            with a_window(browser, town, "/") as window:
                paints.append(window.evaluate("() => window.useful"))
            empty.append(_empty(browser, town))
        name = f"{what}, nothing cached, until the board is drawn"
        yield Figure(
            name=name, value=median(paints), unit="ms", most=MOST_PAINT, baseline=median(empty), beside="a file alone"
        )


def _empty(browser: Browser, town: Town) -> float:
    """Milliseconds until a browser shows the smallest thing that this server has."""
    person = town.person(browser)
    window = person.window("/theme.js")
    took: float = window.evaluate("() => performance.getEntriesByType('navigation')[0].loadEventEnd")
    person.leave()
    return took


def _interactions(browser: Browser, crowd: Town) -> Iterator[Figure]:
    """What a person does first, with 200 projects; each from the key to the next frame."""
    with a_window(browser, crowd, "/") as window:
        window.wait_for_timeout(2500)  # what is fetched ahead is there
        window.evaluate(INTERACTIONS)
        for keys in ("Control+k", "s", "h", "o", "p", "Escape", "/", "1", "4", "2", "Escape"):
            window.keyboard.press(keys)
            window.wait_for_timeout(250)
        for name in ("Expand service-000", "Collapse service-000", "Expand service-001"):
            window.get_by_role("button", name=name).click()
            window.wait_for_timeout(250)
        took = window.evaluate("() => window.took") or [16.0]
    yield Figure(
        name="200 projects, interaction to next frame, slowest of 14",
        value=max(took),
        unit="ms",
        most=MOST_INTERACTION,
    )


def _frames(browser: Browser, crowd: Town) -> Iterator[Figure]:
    with a_window(browser, crowd, "/") as window:
        window.wait_for_timeout(2500)
        idle = frames_during(window, lambda: crowd.begin("events", rate=0, seconds=SECONDS), crowd)
        gaps = frames_during(window, lambda: crowd.begin("events", rate=100, seconds=SECONDS), crowd)
    name = "200 projects, 100 events/s"
    for what, most, of in (("longest frame", MOST_FRAME, 100), ("99th percentile of frames", None, 99)):
        yield Figure(
            name=f"{name}, {what}", value=percentile(gaps, of), unit="ms", most=most,
            baseline=percentile(idle, of), beside="without events",
        )  # fmt: skip


def frames_during(window: Page, begin: Callable[[], None], town: Town) -> list[float]:
    """Milliseconds between frames until the town is done with what `begin` asked of it."""
    window.evaluate(FRAMES)
    begin()
    town.answer()
    window.wait_for_timeout(300)
    found: list[float] = window.evaluate("() => window.frames_.slice(2)")
    return found


def _long_log(browser: Browser, crowd: Town) -> Iterator[Figure]:
    with a_window(browser, crowd, f"/?log={crowd.places['instance']}") as window:
        window.wait_for_timeout(1500)
        gaps = frames_during(window, lambda: crowd.begin("lines", rate=1000, seconds=SECONDS), crowd)
        yield Figure(name="log, 1,000 lines/s, longest frame", value=max(gaps), unit="ms", most=MOST_FRAME)
        crowd.begin("lines", rate=LINES_RATE, seconds=LINES / LINES_RATE)
        crowd.answer()
        window.wait_for_timeout(2000)
        window.evaluate(INTERACTIONS)
        window.keyboard.press("/")
        window.keyboard.type("502", delay=150)
        window.wait_for_timeout(500)
        window.keyboard.press("Escape")
        window.get_by_role("log").press("Home")
        window.wait_for_timeout(500)
        took = window.evaluate("() => window.took") or [16.0]
    yield Figure(name="log of 100,000 lines, search and jump, slowest", value=max(took), unit="ms")


def _lighthouse(acme: Town) -> Iterator[Figure]:
    """Desktop, the board of somebody who is signed in; points short of 100."""
    if not LIGHTHOUSE.exists():
        return
    report = _asked_lighthouse(acme)
    for category in ("performance", "accessibility", "best-practices"):
        short = 100 - report["categories"][category]["score"] * 100
        name = f"Lighthouse {category.replace('-', ' ')}, short of 100"
        yield Figure(name=name, value=round(short), unit="points", most=SHORT_OF_100)


def _asked_lighthouse(acme: Town) -> Any:
    """Its report; asked anew when a container that came or went broke its page off."""
    program = {"CHROME_PATH": find_program("chromium", "chromium")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [
            str(NODE), str(LIGHTHOUSE), acme.url, "--preset=desktop", "--output=json", f"--output-path={file}",
            "--only-categories=performance,accessibility,best-practices", "--quiet",
            f"--extra-headers={json.dumps({'Cookie': f'{COOKIE}={acme.session()}'})}",
            f"--chrome-flags=--headless=new {' '.join(ARGS)}",
        ]  # fmt: skip
        for _ in range(TRIES):
            done = subprocess.run(
                command, env={**os.environ, **program}, check=False, timeout=180, capture_output=True, text=True
            )
            if done.returncode == 0:
                return json.loads(file.read_text("utf-8"))
    raise SystemExit(f"Lighthouse failed {TRIES} times:\n{done.stderr[-2000:]}")
