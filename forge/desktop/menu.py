"""The menu, as data: each system draws it its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forge.desktop.words import Words


@dataclass(frozen=True, slots=True)
class Item:
    """`id` is what the window is told; `keys` as GTK writes them: more than one may do the same."""

    id: str
    title: str
    keys: tuple[str, ...] = ()


Section = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    title: str
    sections: tuple[Section, ...]


def menus(words: Words) -> tuple[Menu, ...]:
    return (
        Menu(
            words.file,
            (
                (
                    Item("browser", words.open_browser, ("<Primary>b",)),
                    Item("address", words.copy_address, ("<Primary><Shift>c",)),
                ),
                (Item("folder", words.data_folder), Item("log", words.log)),
                (Item("close", words.close, ("<Primary>w",)), Item("quit", words.quit, ("<Primary>q",))),
            ),
        ),
        Menu(
            words.edit,
            (
                (Item("cut", words.cut), Item("copy", words.copy), Item("paste", words.paste)),
                (Item("select_all", words.select_all),),
            ),
        ),
        Menu(
            words.view,
            (
                (Item("reload", words.reload, ("<Primary>r", "F5")),),
                (
                    Item("zoom_in", words.zoom_in, ("<Primary>plus", "<Primary>equal")),
                    Item("zoom_out", words.zoom_out, ("<Primary>minus",)),
                    Item("zoom_reset", words.zoom_reset, ("<Primary>0",)),
                ),
            ),
        ),
        Menu(words.help, ((Item("about", words.about),),)),
    )


def items(words: Words) -> Iterator[Item]:
    """All of them."""
    for menu in menus(words):
        for section in menu.sections:
            yield from section
