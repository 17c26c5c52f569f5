"""What the window does with what it is told, by the program around it and by the person in front of it."""

from __future__ import annotations

import sys
import threading
from typing import Protocol

from forge.desktop import splash
from forge.desktop.lines import Line, Mouth
from forge.desktop.words import Words
from forge.release import said

PASSED_ON = frozenset({"browser", "folder", "log"})  # what the program around it does
_EDITS = frozenset({"cut", "copy", "paste", "select_all"})


class Toolkit(Protocol):
    """The system's window with a web view in it; every call may come from any thread."""

    def load(self, url: str) -> None: ...
    def show_html(self, html: str) -> None: ...
    def reload(self) -> None: ...
    def edit(self, what: str) -> None: ...
    def zoom(self, steps: int) -> None:
        """Larger or smaller; 0: as it was."""

    def dark(self) -> bool: ...
    def front(self) -> None:
        """Show it, above the others."""

    def hide(self) -> None: ...
    def out_of_sight(self) -> bool:
        """Hidden or minimised."""

    def copy(self, text: str) -> None: ...
    def say(self, title: str, text: str) -> None:
        """A notice of our own, to be clicked away."""

    def ask(self, title: str, text: str, yes: str, no: str) -> bool:
        """From a thread of its own only: it waits for the answer."""

    def notify(self, title: str, text: str) -> None:
        """A notice of the system, outside of the window."""

    def has_tray(self) -> bool: ...
    def tray(self, text: str, count: int) -> None:
        """What the icon in the tray says: how many deploys are under way."""

    def end(self) -> None:
        """Close the window without asking anybody."""


class Shown:
    """`deploys` are those that would be cut off by an end of Forge."""

    def __init__(self, toolkit: Toolkit, mouth: Mouth, words: Words) -> None:
        self._toolkit, self._mouth, self._words = toolkit, mouth, words
        self._deploys: list[str] = []
        self._to_tray = False
        self._ours = True  # Forge ends with the window
        self._address = ""
        self._asking = threading.Lock()
        self._ending = False

    # ---- told by the program around it

    def told(self, line: Line) -> None:
        """Do what `line` says; one that is not known is of another version and left alone."""
        do = getattr(self, f"_do_{line.get('do')}", None)
        if do is not None:
            do(**{name: value for name, value in line.items() if name != "do"})

    def _do_go(self, url: str, address: str, ours: bool) -> None:
        self._address, self._ours = address, ours
        self._toolkit.load(url)

    def _do_fail(self, why: str) -> None:
        self._toolkit.show_html(splash.failed(self._words, why, dark=self._toolkit.dark()))
        self._toolkit.front()

    def _do_front(self) -> None:
        self._toolkit.front()

    def _do_prefer(self, close_to_tray: bool) -> None:
        self._to_tray = close_to_tray

    def _do_deploys(self, under_way: list[str]) -> None:
        self._deploys = under_way
        words = self._words
        said = words.under_way.format(", ".join(under_way)) if under_way else words.idle
        self._toolkit.tray(said, len(under_way))

    def _do_notify(self, title: str, text: str) -> None:
        if self._toolkit.out_of_sight():
            self._toolkit.notify(title, text)

    def _do_quit(self) -> None:
        self._ending = True
        self._toolkit.end()

    # ---- told by the toolkit

    def may_close(self) -> bool:
        """Whether the window may go now; if not, it was hidden, or somebody is being asked."""
        if self._ending:
            return True
        if self._to_tray and self._toolkit.has_tray():
            self._toolkit.hide()
            return False
        if not self._would_cut_off():
            return True
        self._ask()
        return False

    def chosen(self, id: str) -> None:
        """Something of the menu or of the tray."""
        if id in PASSED_ON:
            self._mouth.say(want=id)
        elif id in _EDITS:
            self._toolkit.edit(id)
        else:
            getattr(self, f"_choose_{id}")()

    def outside(self, url: str) -> None:
        """A link that leads away from Forge."""
        self._mouth.say(want="open", url=url)

    def _choose_show(self) -> None:
        self._toolkit.front()

    def _choose_close(self) -> None:
        if self.may_close():
            self._do_quit()

    def _choose_quit(self) -> None:
        if self._would_cut_off():
            self._toolkit.front()
            self._ask()
        else:
            self._do_quit()

    def _choose_address(self) -> None:
        self._toolkit.copy(self._address)

    def _choose_reload(self) -> None:
        self._toolkit.reload()

    def _choose_zoom_in(self) -> None:
        self._toolkit.zoom(1)

    def _choose_zoom_out(self) -> None:
        self._toolkit.zoom(-1)

    def _choose_zoom_reset(self) -> None:
        self._toolkit.zoom(0)

    def _choose_about(self) -> None:
        system = f"Python {sys.version.split()[0]}, {sys.platform}"
        self._toolkit.say(f"Forge {said()}", f"{self._words.about_text}\n\n{self._address}\n{system}")

    def _would_cut_off(self) -> bool:
        return self._ours and bool(self._deploys)

    def _ask(self) -> None:
        threading.Thread(target=self._ask_and_end, name="ask", daemon=True).start()

    def _ask_and_end(self) -> None:
        if not self._asking.acquire(blocking=False):
            return  # the question is on the screen already
        try:
            words = self._words
            named = "\n".join(self._deploys)
            if self._toolkit.ask(words.ask_title, words.ask_text.format(named), words.ask_yes, words.ask_no):
                self._do_quit()
        finally:
            self._asking.release()
