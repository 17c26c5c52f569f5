"""A toolkit that shows nothing and keeps what it was asked for, and a parent that hears."""

from __future__ import annotations

import json
from typing import Any

from forge.desktop.words import ENGLISH


class FakeToolkit:
    """`done` is what it was asked for, in order; `answer` what a person says when asked."""

    words = ENGLISH

    def __init__(self, *, tray: bool = False, answer: bool = True) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.answer, self._tray = answer, tray
        self.away = False

    def load(self, url: str) -> None:
        self.done.append(("load", url))

    def show_html(self, html: str) -> None:
        self.done.append(("html", html))

    def reload(self) -> None:
        self.done.append(("reload",))

    def edit(self, what: str) -> None:
        self.done.append(("edit", what))

    def zoom(self, steps: int) -> None:
        self.done.append(("zoom", steps))

    def dark(self) -> bool:
        return True

    def front(self) -> None:
        self.done.append(("front",))

    def hide(self) -> None:
        self.done.append(("hide",))

    def out_of_sight(self) -> bool:
        return self.away

    def copy(self, text: str) -> None:
        self.done.append(("copy", text))

    def say(self, title: str, text: str) -> None:
        self.done.append(("say", title, text))

    def ask(self, title: str, text: str, yes: str, no: str) -> bool:
        self.done.append(("ask", text))
        return self.answer

    def notify(self, title: str, text: str) -> None:
        self.done.append(("notify", title, text))

    def has_tray(self) -> bool:
        return self._tray

    def tray(self, text: str, count: int) -> None:
        self.done.append(("tray", text, count))

    def end(self) -> None:
        self.done.append(("end",))


class Pipe:
    """Keeps what is written; `lines` are the objects in it."""

    def __init__(self) -> None:
        self.text = b""
        self.broken = False

    def write(self, data: bytes) -> int:
        if self.broken:
            raise BrokenPipeError
        self.text += data
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.text.splitlines()]
