"""What the tests in a browser share: one Chromium, people who are signed in, and a Forge with the real parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Person, chromium
from tests.e2e.conftest import house, start_forge  # noqa: F401 fixtures
from tests.e2e.forge_process import ForgeProcess
from tests.parts.process import PartMissing


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as browser:
            yield browser
    except PartMissing as missing:
        pytest.fail(str(missing), pytrace=False)


Invite = Callable[..., Person]


@pytest.fixture
def invite(browser: Browser) -> Iterator[Invite]:
    """Give somebody a browser at a Forge's address; at the end none of them saw a fault."""
    people: list[Person] = []

    def make(home: str, **look: Any) -> Person:
        people.append(Person(browser, home, **look))
        return people[-1]

    yield make
    for person in people:
        person.leave()
    assert [fault for person in people for fault in person.faults] == []


@pytest.fixture
def sign_in(invite: Invite) -> Callable[..., Person]:
    """Somebody who opened the link that Forge printed; `home` is where their browser reaches it."""

    def enter(forge: ForgeProcess, *, home: str = "", **look: Any) -> Person:
        person = invite(home or forge.url, **look)
        window = person.window(forge.do("POST", "/api/session/ticket")["path"])
        window.get_by_role("main").wait_for()
        window.close()
        return person

    return enter
