"""The window on macOS: WKWebView by PyObjC, which pywebview brings along.

Written after the documentation of pywebview, AppKit and PyObjC; it could not be run where it was written.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

from forge.desktop.toolkit import Toolkit

_SELECTORS = {"cut": "cut:", "copy": "copy:", "paste": "paste:", "select_all": "selectAll:"}
# Title and text are handed in as arguments: neither is ever part of the script.
_NOTICE = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)


class Cocoa(Toolkit):
    gui = "cocoa"

    _item: Any = None
    _line: Any = None

    def dark(self) -> bool:
        from Foundation import NSUserDefaults  # noqa: PLC0415  only on macOS

        return bool(NSUserDefaults.standardUserDefaults().stringForKey_("AppleInterfaceStyle") == "Dark")

    def shown(self) -> None:
        self._later(self._make_tray)

    def edit(self, what: str) -> None:
        from AppKit import NSApp  # noqa: PLC0415

        self._later(lambda: NSApp.sendAction_to_from_(_SELECTORS[what], None, None))

    def copy(self, text: str) -> None:
        from AppKit import NSPasteboard, NSPasteboardTypeString  # noqa: PLC0415

        board = NSPasteboard.generalPasteboard()
        board.clearContents()
        board.setString_forType_(text, NSPasteboardTypeString)

    def notify(self, title: str, text: str) -> None:
        script = [word for line in _NOTICE for word in ("-e", line)]
        subprocess.run(["osascript", *script, title, text], check=False, timeout=10)

    def has_tray(self) -> bool:
        return self._item is not None

    def tray(self, text: str, count: int) -> None:
        def say() -> None:
            self._item.button().setTitle_(f"⚒ {count}" if count else "⚒")
            self._line.setTitle_(text)

        if self._item is not None:
            self._later(say)

    def _make_tray(self) -> None:
        from AppKit import NSMenu, NSStatusBar, NSVariableStatusItemLength  # noqa: PLC0415

        self._item = NSStatusBar.systemStatusBar().statusItemWithLength_(NSVariableStatusItemLength)
        self._item.button().setTitle_("⚒")
        menu = NSMenu.alloc().init()
        self._line = menu.addItemWithTitle_action_keyEquivalent_(self.words.idle, None, "")
        self._targets = []
        for title, what in ((self.words.show, "show"), (self.words.quit, "quit")):
            target = _target(partial(self.hears.chosen, what))
            self._targets.append(target)  # AppKit keeps none
            menu.addItemWithTitle_action_keyEquivalent_(title, "call:", "").setTarget_(target)
        self._item.setMenu_(menu)

    def _later(self, do: Callable[[], object]) -> None:
        """By the main thread, which AppKit belongs to."""
        from PyObjCTools import AppHelper  # noqa: PLC0415

        AppHelper.callAfter(do)


def _target(do: Callable[[], None]) -> Any:
    """An object that AppKit can send `call:` to."""
    from Foundation import NSObject  # noqa: PLC0415

    class Target(NSObject):  # type: ignore[misc]
        def call_(self, _: Any) -> None:
            do()

    return Target.alloc().init()
