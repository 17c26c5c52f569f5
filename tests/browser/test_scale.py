"""Much at once: 200 projects of three stages, 100 events a second, logs of 1,000 lines a second. What is counted here
does not depend on how fast the machine is; what does is measured by tests/bench/browser.py.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Person
from tests.browser.reading import light
from tests.browser.town_process import Town

pytestmark = pytest.mark.real
ROWS = 300  # lines of a log that may stand in the page at once
LINE_BYTES = 2500  # of heap for each line that is kept


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("crowd") / "data", "crowd") as town:
        yield town


@pytest.fixture
def person(crowd, browser):
    person = crowd.person(browser, reduced_motion="reduce")
    yield person
    person.leave()
    assert person.faults == []


def weight(person: Person, window) -> tuple[int, int]:
    """Nodes of the page, and bytes of its heap, after the rubbish was taken out."""
    debugger = person.context.new_cdp_session(window)
    debugger.send("Performance.enable")
    debugger.send("HeapProfiler.collectGarbage")
    found = {metric["name"]: int(metric["value"]) for metric in debugger.send("Performance.getMetrics")["metrics"]}
    debugger.detach()
    return found["Nodes"], found["JSHeapUsedSize"]


def unhealthy(person: Person) -> int:
    """How many instances Forge says are unhealthy; one whose deploy is under way is shown as that."""
    projects = person.context.request.get(f"{person.home}/api/projects").json()
    stages = [stage for project in projects for stage in project["stages"]]
    stages = [stage for stage in stages if stage["last_deploy"]["status"] != "running"]
    return sum(instance["status"] == "unhealthy" for stage in stages for instance in stage["instances"])


def test_the_board_keeps_up_with_a_hundred_events_a_second_and_does_not_grow(person, crowd):
    window = person.window("/")
    light(window, "Live")
    expect(window.locator("[data-project]")).to_have_count(200)
    crowd.begin("events", rate=100, seconds=3)  # whatever is made when it is first needed
    crowd.answer()
    window.wait_for_timeout(1000)
    nodes, heap = weight(person, window)
    crowd.begin("events", rate=100, seconds=6)
    assert crowd.answer()["made"] > 300
    sick = unhealthy(person)
    chip = window.get_by_role("group", name="Filter by state").get_by_role("button", name="Needs a look")
    expect(chip).to_have_text(re.compile(rf"^{sick}\s+Needs a look$"))
    window.wait_for_timeout(1000)
    nodes_after, heap_after = weight(person, window)
    assert nodes_after < nodes * 1.5
    assert heap_after < heap * 1.5


def test_the_filter_finds_one_of_two_hundred(person):
    window = person.window("/")
    expect(window.locator("[data-project]")).to_have_count(200)
    window.keyboard.press("/")
    window.keyboard.type("service-142")
    expect(window.locator("[data-project]")).to_have_count(1)
    expect(window.get_by_role("heading", name="service-142")).to_be_visible()
    window.get_by_label("Filter projects, stages and instances").fill("nothing like it")
    window.get_by_role("button", name="Clear the filter").click()
    expect(window.locator("[data-project]")).to_have_count(200)


def test_a_log_of_a_thousand_lines_a_second_is_shown_whole_in_a_page_that_stays_small(person, crowd):
    window = person.window(f"/?log={crowd.places['instance']}")
    log = window.get_by_role("dialog", name="Log of")
    expect(log.get_by_text("Following")).to_be_visible()
    expect(window.locator("[data-project]")).to_have_count(200)  # the board behind it
    _, heap = weight(person, window)
    crowd.begin("lines", rate=1000, seconds=8)
    made = crowd.answer()["made"]
    assert made > 6000
    expect(log.get_by_text(f"{made:,} lines", exact=True)).to_be_visible()
    last = log.get_by_role("log").get_by_text(f"/orders/{made} ")
    expect(last).to_be_in_viewport()
    assert log.get_by_role("log").locator("time").count() < ROWS
    _, heap_after = weight(person, window)
    assert heap_after - heap < made * LINE_BYTES
