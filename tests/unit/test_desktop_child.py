"""The window's own process, with a toolkit that shows nothing."""

from __future__ import annotations

import os
from threading import Event

from forge.desktop.child import NO_WINDOW, show
from forge.desktop.lines import Mouth
from forge.desktop.toolkit import NoWindow
from tests.unit.windowing import FakeToolkit, Pipe


class Shows(FakeToolkit):
    """Runs until it is told to end."""

    def __init__(self):
        super().__init__()
        self.ended = Event()

    def run(self, hears, tell):
        tell("shown")
        tell("loaded")
        assert self.ended.wait(10)
        assert hears.may_close()

    def end(self):
        self.ended.set()


class Cannot(FakeToolkit):
    def run(self, hears, tell):
        raise NoWindow("the display cannot be opened")


def pipe():
    read, write = os.pipe()
    return os.fdopen(read, "rb"), os.fdopen(write, "wb", buffering=0)


def test_it_shows_what_it_is_told_and_says_when_it_is_closed():
    told, tells = pipe()
    said, toolkit = Pipe(), Shows()
    with told, tells:
        tells.write(b'{"do": "go", "url": "u", "address": "a", "ours": true}\n{"do": "quit"}\n')
        assert show(toolkit, told, Mouth(said)) == 0
    assert toolkit.done == [("load", "u")]
    assert said.lines == [{"is": "shown"}, {"is": "loaded"}, {"is": "closed"}]


def test_without_its_parent_it_ends():
    told, tells = pipe()
    with told:
        tells.close()
        assert show(Shows(), told, Mouth(Pipe())) == 0


def test_why_there_is_no_window_is_said():
    said = Pipe()
    assert show(Cannot(), None, Mouth(said)) == NO_WINDOW
    assert said.lines == [{"no": "the display cannot be opened"}]
