"""Server, window, and what happens when there can be no window; with a window that shows nothing."""

from __future__ import annotations

import logging
import queue
import re
import threading

import pytest
import requests

from forge.commands.client import Client, find
from forge.desktop.desk import Outside, run
from forge.desktop.doorbell import ring
from forge.desktop.words import ENGLISH
from forge.domain.errors import ForgeError
from forge.settings import Settings
from tests.world import until


@pytest.fixture(autouse=True)
def _logging():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


class FakeWindow:
    """`told` is what it was told; `say` and `die` what it does."""

    made: list[FakeWindow]

    def __init__(self, words, log, *, hear, ended, environment=None):
        self.hear, self._ended, self.environment = hear, ended, environment or {}
        self.told, self.over = [], False
        self.made.append(self)

    def say(self, **line):
        self.told.append(line)

    def end(self):
        self.over = True

    def last_words(self):
        return "cannot draw"

    def die(self, code=-6):
        self._ended(code)

    def close(self):
        self.hear({"is": "closed"})
        self._ended(0)


class Desktop:
    """A desk in a thread of its own. `said`, `opened` and `shown` are what reached the terminal and the system."""

    def __init__(self, folder, *, display=True, browser=True):
        self.settings = Settings(data=folder, port=0, engine=f"unix://{folder}/docker.sock")
        self.said, self.opened, self.paths, self.error = [], [], [], None
        self.events: queue.SimpleQueue = queue.SimpleQueue()
        self.window = type("Window", (FakeWindow,), {"made": []})
        self.outside = Outside(
            connect=lambda: Client(lambda: find(self.settings)),
            follow=lambda _: iter(self.events.get, None),
            say=self.said.append,
            open_browser=lambda url: self.opened.append(url) or browser,
            open_path=lambda path: self.paths.append(path) or True,
            has_display=lambda: display,
            window=self.window,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            run(self.settings, self.outside, ENGLISH)
        except ForgeError as error:
            self.error = error

    def start(self):
        self._thread.start()
        return self

    def running(self):
        return self._thread.is_alive()

    def join(self):
        self.events.put(None)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def newest(self):
        until(lambda: bool(self.window.made) and bool(self.window.made[-1].told), "the window is told something")
        return self.window.made[-1]


@pytest.fixture(autouse=True)
def signals(monkeypatch):
    """The handlers: signals belong to the main thread, and the desk runs in another one here."""
    handlers = []
    monkeypatch.setattr("forge.desktop.desk.signal.signal", lambda _, handler: handlers.append(handler))
    return handlers


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def test_the_window_is_led_to_the_board_by_a_ticket_and_its_end_is_the_end(data):
    desktop = Desktop(data).start()
    window = desktop.newest()
    until(lambda: window.told[-1]["do"] == "go", "it is led to the board")
    assert [line["do"] for line in window.told] == ["prefer", "deploys", "go"]
    assert window.told[-1]["url"].startswith(f"{window.told[-1]['address']}/sign-in?ticket=")
    assert window.told[-1]["ours"] is True
    window.close()
    desktop.join()
    assert (desktop.said, desktop.opened, window.over) == ([], [], True)
    assert not (data / "address").exists()


def test_a_window_that_falls_over_gets_a_second_try_without_the_graphics_card(data, signals):
    desktop = Desktop(data).start()
    desktop.newest().die()
    until(lambda: len(desktop.window.made) == 2, "there is a second one")
    second = desktop.newest()
    assert "LIBGL_ALWAYS_SOFTWARE" in second.environment
    second.die()
    until(lambda: bool(desktop.said), "the browser takes over")
    assert desktop.said[0].startswith("Forge has no window (it ended with -6: cannot draw): it is open in the browser")
    assert len(desktop.opened) == 1
    assert desktop.running()
    assert ring(data / "doorbell")
    until(lambda: len(desktop.opened) == 2, "started again, the browser is opened again")
    signals[0]()
    desktop.join()


def test_the_browser_is_given_a_link_that_is_of_no_use_to_others_who_see_it(data, signals, monkeypatch):
    monkeypatch.setattr("forge.api.session.of_another_user", lambda *_: True)
    desktop = Desktop(data, display=False, browser=False).start()
    until(lambda: bool(desktop.said), "the link is said")
    (printed,) = re.findall(r"http://\S+", desktop.said[0])
    links = (desktop.opened[0], printed)
    assert [requests.get(link, allow_redirects=False, timeout=10).status_code for link in links] == [401, 303]
    signals[0]()
    desktop.join()


def test_one_that_knows_why_it_cannot_be_is_not_tried_again(data, signals):
    desktop = Desktop(data, browser=False).start()
    window = desktop.newest()
    window.hear({"no": "the display cannot be opened"})
    window.die(3)
    until(lambda: bool(desktop.said), "it is said")
    assert len(desktop.window.made) == 1
    assert desktop.said[0].startswith("Forge has no window (the display cannot be opened): open http://127.0.0.1:")
    signals[0]()
    desktop.join()


def test_without_a_display_none_is_tried(data, signals):
    desktop = Desktop(data, display=False).start()
    until(lambda: bool(desktop.said), "it is said")
    assert desktop.window.made == []
    signals[0]()
    desktop.join()


def test_started_once_more_the_first_comes_forward(data):
    first = Desktop(data).start()
    window = first.newest()
    second = Desktop(data).start()
    second.join()
    assert (second.error, second.window.made) == (None, [])
    until(lambda: {"do": "front"} in window.told, "the first comes forward")
    window.close()
    first.join()


def test_why_forge_cannot_start_stays_in_the_window(data):
    data.mkdir(mode=0o700)
    (data / "forge.db").write_bytes(b"this is no database, but a text of some length" * 100)
    desktop = Desktop(data).start()
    window = desktop.newest()
    assert window.told[0]["do"] == "fail"
    assert desktop.running()
    window.close()
    desktop.join()
    assert desktop.error is not None
    assert desktop.error.message == window.told[0]["why"]


def test_what_the_window_wants_is_done(data):
    desktop = Desktop(data).start()
    window = desktop.newest()
    for line in (
        {"want": "browser"},
        {"want": "folder"},
        {"want": "log"},
        {"want": "open", "url": "https://a.example/"},
    ):
        window.hear(line)
    until(lambda: len(desktop.opened) == 2 and len(desktop.paths) == 2, "all of it is done")
    assert set(desktop.paths) == {data, data / "forge.log"}
    assert "https://a.example/" in desktop.opened
    window.hear({"want": "open", "url": "file:///etc/passwd"})
    window.close()
    desktop.join()
    assert len(desktop.opened) == 2, "a page opens no files"
