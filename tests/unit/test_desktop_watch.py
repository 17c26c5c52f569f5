"""Following the running Forge for the window."""

from __future__ import annotations

import queue
import threading

from forge.desktop.watch import Watch
from forge.desktop.words import ENGLISH
from forge.domain.errors import Unavailable
from tests.unit.test_desktop_deploys import deploy
from tests.world import until


class Board:
    """Answers with what is in it."""

    def __init__(self):
        self.deploys, self.settings = [], {"close_to_tray": False}

    def get(self, path, **query):
        return (
            self.settings if path == "settings" else [one for one in self.deploys if one["status"] == query["status"]]
        )


def watching():
    """A watch, its board, what it says, and how events reach it."""
    said, events, board = [], queue.SimpleQueue(), Board()
    watch = Watch(ENGLISH, lambda **line: said.append(line))
    watch.start(board, lambda _: iter(events.get, None))
    return watch, board, said, events


def test_a_new_window_is_told_what_is_known():
    watch, board, said, events = watching()
    board.deploys, board.settings = [deploy("running")], {"close_to_tray": True}
    events.put({"type": "hello", "payload": {}})
    until(lambda: len(said) == 2, "it is told")
    assert said == [{"do": "prefer", "close_to_tray": True}, {"do": "deploys", "under_way": ["shop/dev 1.2 (#42)"]}]
    assert list(watch.known()) == said
    events.put(None)


def test_an_end_is_told_once():
    _, _, said, events = watching()
    for status in ("running", "succeeded"):
        events.put({"type": "deploy_status", "payload": deploy(status)})
    events.put({"type": "ping", "payload": {}})
    events.put(None)
    until(lambda: said[-1:] == [{"do": "deploys", "under_way": []}], "nothing is under way")
    assert [line for line in said if line["do"] == "notify"] == [
        {"do": "notify", "title": "shop 1.2 is live", "text": "dev · deploy #42"}
    ]


def test_a_changed_setting_counts_at_once():
    _, board, said, events = watching()
    board.settings = {"close_to_tray": True}
    events.put({"type": "settings_changed", "payload": {"names": ["close_to_tray"]}})
    until(lambda: {"do": "prefer", "close_to_tray": True} in said, "it is told")
    events.put(None)


def test_it_stops_and_a_forge_that_is_gone_is_no_traceback():
    watch, _, said, events = watching()
    watch.stop()
    events.put({"type": "hello", "payload": {}})
    over = threading.Event()

    def follow(_):
        over.set()
        raise Unavailable("Forge does not answer")
        yield

    Watch(ENGLISH, print).start(Board(), follow)
    assert over.wait(10)
    assert said == []
