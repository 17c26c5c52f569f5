"""The icon in the panel on Linux, where panel and library are there: StatusNotifierItem by (Ayatana) AppIndicator."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forge.desktop import freedesktop
from forge.desktop.words import Words

_LIBRARIES = ("AyatanaAppIndicator3", "AppIndicator3")


def library() -> Any:
    """The library, if the panel shows icons and one is installed; else None."""
    if not freedesktop.has_tray():
        return None
    import gi  # noqa: PLC0415  only where there is GTK

    for name in _LIBRARIES:
        try:
            gi.require_version(name, "0.1")
            return importlib.import_module(f"gi.repository.{name}")
        except (ImportError, ValueError):
            continue
    return None


class Tray:
    """To be made and used by GTK's thread."""

    def __init__(self, indicators: Any, icon: Path | None, words: Words, choose: Callable[[str], None]) -> None:
        from gi.repository import Gtk  # noqa: PLC0415

        category = indicators.IndicatorCategory.APPLICATION_STATUS
        name = str(icon) if icon is not None else "applications-system"
        self._indicator = indicators.Indicator.new("forge", name, category)
        self._indicator.set_title("Forge")
        self._indicator.set_status(indicators.IndicatorStatus.ACTIVE)
        menu = Gtk.Menu()
        self._line = Gtk.MenuItem(label=words.idle, sensitive=False)
        for entry in (self._line, Gtk.SeparatorMenuItem(), _entry(Gtk, words.show, "show", choose)):
            menu.append(entry)
        menu.append(_entry(Gtk, words.quit, "quit", choose))
        menu.show_all()
        self._indicator.set_menu(menu)

    def say(self, text: str, count: int) -> None:
        """What is under way; the number stands beside the icon where the panel shows it."""
        self._line.set_label(text)
        self._indicator.set_label(str(count) if count else "", "9")


def _entry(gtk: Any, title: str, id: str, choose: Callable[[str], None]) -> Any:
    made = gtk.MenuItem(label=title)
    made.connect("activate", lambda _: choose(id))
    return made
