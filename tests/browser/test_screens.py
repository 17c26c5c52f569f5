"""Every screen, narrow, middling and wide, dark and light: for everybody to use, and never wider than the window."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import SIGNED_OUT, Person, violations
from tests.browser.screens import SCREENS, Screen
from tests.browser.town_process import Town

pytestmark = pytest.mark.real
WIDTHS = {360: 800, 768: 1024, 1400: 840}
ZOOMED = 640  # what is left of 1,280 pixels at 200 %
NARROWEST = 320  # the same at 400 %, as WCAG 1.4.10 has it
THEMED = "theme => [theme, undefined].includes(document.documentElement.dataset.theme)"  # plain pages have no script


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town") / "data", "acme") as town:
        yield town


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_for_everybody(browser, town, screen: Screen):
    calm = {"reduced_motion": "reduce"}
    person = Person(browser, town.url, **calm) if screen.guest else town.person(browser, **calm)
    person.bears(SIGNED_OUT if screen.guest else "status of 404" if screen.name == "no-page" else "^$")
    window = person.window()
    found = []
    try:
        screen.open(window, town.url, town.places)
        for width, height in WIDTHS.items():
            window.set_viewport_size({"width": width, "height": height})
            for theme in ("dark", "light"):
                window.emulate_media(color_scheme=theme)
                window.wait_for_function(THEMED, arg=theme)
                settle(window)
                faults = violations(window, colours_only=theme == "light")
                found += [f"{width} {theme}: {fault}" for fault in faults]
            found += sideways(window)
        for width in (ZOOMED, NARROWEST):
            window.set_viewport_size({"width": width, "height": 512})
            settle(window)
            found += sideways(window)
    finally:
        person.leave()
    assert found + person.faults == []


def settle(window: Page) -> None:
    """Wait until what moves to another place or colour has arrived; not for long, as Chromium may stop drawing where
    nobody looks.
    """
    window.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          const arrived = async () => {
            await frame();
            await frame();
            const ends = document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity);
            await Promise.allSettled(ends.map(one => one.finished));
          };
          await Promise.race([arrived(), new Promise(enough => setTimeout(enough, 5000))]);
        }"""
    )


def sideways(window: Page) -> list[str]:
    """Whether the page would have to be scrolled sideways, and what sticks out furthest."""
    found = window.evaluate(
        """() => {
          const page = document.scrollingElement;
          if (page.scrollWidth <= page.clientWidth) return [];
          const all = [...document.querySelectorAll('body *')];
          const out = all.filter(one => one.getBoundingClientRect().right > page.clientWidth + 1);
          const last = out.at(-1);
          return [`${page.clientWidth} px wide, ${page.scrollWidth} needed by ${last?.tagName}.${last?.className}`];
        }"""
    )
    return [f"sideways scroll: {fault}" for fault in found]
