"""The watch over the pages sees what it is there for."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Person, violations

pytestmark = pytest.mark.real

BAD = {
    "an error in the console": "console.error('no')",
    "an exception": "setTimeout(() => { throw new Error('no') })",
    "a style that the policy forbids": "document.head.append(Object.assign(document.createElement('style'), "
    "{textContent: 'a{}'}))",
    "a request to elsewhere": "fetch('http://127.0.0.1:9/').catch(() => 0)",
}


@pytest.mark.parametrize("what", BAD)
def test_it_sees(browser, house, what):
    person = Person(browser, house.forge.url)
    person.bears("status of 401")
    window = person.window("/")
    window.get_by_role("heading", name="Sign in to Forge").wait_for()
    assert person.faults == []
    window.evaluate(f"() => {{ {BAD[what]} }}")
    window.wait_for_timeout(200)
    person.leave()
    assert person.faults != []


def test_axe_finds_what_nobody_can_read(browser, house):
    person = Person(browser, house.forge.url)
    window = person.window("/")
    window.get_by_role("heading", name="Sign in to Forge").wait_for()
    assert violations(window) == []
    window.evaluate("() => document.querySelector('label').remove()")
    assert any(found.startswith("label") for found in violations(window))
    person.leave()
