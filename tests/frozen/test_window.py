"""The one file opens the window, with nothing of Python around it, and leaves nothing behind."""

from __future__ import annotations

import pytest

from tests.e2e.live import until
from tests.window.desktop import FrozenDesktop, gone
from tests.window.looks import shows_board
from tests.window.screen import Screen

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test waits for the build


@pytest.fixture
def screen():
    with Screen() as screen:
        yield screen


@pytest.fixture
def start(executable, tmp_path):
    started = []

    def run(on, **settings):
        forge = FrozenDesktop(
            executable, tmp_path / "data", on, FORGE_ENGINE=f"unix://{tmp_path}/docker.sock", **settings
        )
        started.append(forge)
        forge.start()
        return forge

    yield run
    for forge in started:
        if forge.running():
            forge.stop()
        assert forge.faults() == []


def test_it_opens_the_window_by_the_systems_web_view_and_is_gone_with_it(start, screen):
    forge = start(screen)
    until(lambda: shows_board(screen.picture()), "the window shows the board", 60)
    assert len([path for path in forge.temporary.iterdir() if path.name.startswith("_MEI")]) == 1, "unpacked once"
    assert forge.second() == (0, "")
    family = forge.family()
    screen.press("ctrl+q")
    assert forge.ended() == 0
    gone(family)
    assert list(forge.temporary.iterdir()) == []


def test_killed_it_starts_again(start, screen):
    forge = start(screen)
    until(lambda: shows_board(screen.picture()), "the window shows the board", 60)
    family = forge.family()
    forge.kill()
    gone(family)
    forge.start()
    until(lambda: shows_board(screen.picture()), "the window shows the board again", 60)
    screen.press("ctrl+q")
    assert forge.ended() == 0
    assert list(forge.temporary.iterdir()) == [], "what the killed one had unpacked is gone too"


def test_where_there_is_no_display_it_says_so(start):
    forge = start(None)
    until(lambda: "\n" in forge.said(), "something is said")
    assert forge.said().startswith("Forge has no window (there is no display): open http://127.0.0.1:")
    assert forge.interrupt() == 0
