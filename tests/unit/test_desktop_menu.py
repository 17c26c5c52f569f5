"""The menu as data."""

from __future__ import annotations

from forge.desktop.menu import items, menus
from forge.desktop.words import ENGLISH, RUSSIAN


def test_each_item_is_there_once_and_no_two_share_a_key():
    ids = [item.id for item in items(ENGLISH)]
    keys = [key for item in items(ENGLISH) for key in item.keys]
    assert len(ids) == len(set(ids)) == 15
    assert len(keys) == len(set(keys))
    assert "<Primary>k" not in keys, "that is the board's own"


def test_it_is_in_the_systems_language():
    assert [menu.title for menu in menus(RUSSIAN)] == ["Файл", "Правка", "Вид", "Справка"]
