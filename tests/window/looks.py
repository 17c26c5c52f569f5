"""What is on the screen, told by the colours of the board (ui/src/app.css) and of the splash."""

from __future__ import annotations

from collections.abc import Callable

from forge.desktop.splash import ground
from tests.window.screen import Colour, Picture

ORANGE: Colour = (255, 138, 61)  # of the splash's anvil
_CARD = {False: (255, 255, 255), True: (21, 23, 27)}


def shows_board(picture: Picture, *, dark: bool = False) -> bool:
    """The rail, cards on the ground, and much more than a few colours: letters and icons."""
    colours = picture.counted()
    return _ground(dark) in colours and _CARD[dark] in colours and len(colours) > 60


def shows_window(picture: Picture) -> bool:
    """Something of ours; a screen without it is black."""
    return picture.share((0, 0, 0)) < 0.5


def shows_splash(picture: Picture, *, dark: bool = False) -> bool:
    """Our anvil on the ground."""
    return picture.share(ORANGE) > 0.001 and picture.share(_ground(dark)) > 0.5


def _ground(dark: bool) -> Colour:
    text = ground(dark=dark)
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def greens(picture: Picture) -> int:
    """Points of the green that says that something runs or went well."""
    return _points(picture, lambda red, green, blue: green > 90 and green > red + 50 and green > blue + 25)


def blues(picture: Picture) -> int:
    """Points of the blue that says that something is under way."""
    return _points(picture, lambda red, green, blue: blue > 120 and blue > red + 60 and blue > green + 20)


def _points(picture: Picture, like: Callable[[int, int, int], bool]) -> int:
    return sum(count for colour, count in picture.counted(2).items() if like(*colour))
