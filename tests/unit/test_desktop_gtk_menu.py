"""The menu bar on Linux; Gio needs no display."""

from __future__ import annotations

from forge.desktop.gtk_menu import menubar
from forge.desktop.menu import items
from forge.desktop.words import ENGLISH


class App:
    """As Gtk.Application."""

    def __init__(self):
        self.actions, self.keys, self.bar = {}, {}, None

    def add_action(self, action):
        self.actions[action.get_name()] = action

    def set_accels_for_action(self, name, keys):
        self.keys[name] = keys

    def set_menubar(self, bar):
        self.bar = bar


def test_every_item_is_an_action_with_its_keys_and_stands_in_the_bar():
    app, chosen = App(), []
    menubar(app, ENGLISH, chosen.append)
    assert set(app.actions) == {item.id for item in items(ENGLISH)}
    assert app.keys["app.reload"] == ["<Primary>r", "F5"]
    assert app.bar.get_n_items() == 4
    app.actions["zoom_in"].activate(None)
    assert chosen == ["zoom_in"]
