"""The menu bar on Linux; pywebview's own knows no keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forge.desktop.menu import Section, items, menus
from forge.desktop.words import Words


def menubar(app: Any, words: Words, choose: Callable[[str], None]) -> None:
    """Give it to a Gtk.Application that starts."""
    from gi.repository import Gio  # noqa: PLC0415  only where there is GTK

    for item in items(words):
        action = Gio.SimpleAction.new(item.id, None)
        action.connect("activate", _chooser(choose, item.id))
        app.add_action(action)
        app.set_accels_for_action(f"app.{item.id}", list(item.keys))
    bar = Gio.Menu()
    for menu in menus(words):
        inside = Gio.Menu()
        for section in menu.sections:
            inside.append_section(None, _section(Gio, section))
        bar.append_submenu(f"_{menu.title}", inside)  # Alt and its first letter
    app.set_menubar(bar)


def _section(gio: Any, section: Section) -> Any:
    made = gio.Menu()
    for item in section:
        made.append(item.title, f"app.{item.id}")
    return made


def _chooser(choose: Callable[[str], None], id: str) -> Callable[..., None]:
    return lambda *_: choose(id)
