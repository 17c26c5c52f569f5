"""Where the window stood."""

from __future__ import annotations

import pytest

from forge.desktop.place import SMALLEST, Place, Screen, keep, load

SCREEN = Screen(x=0, y=0, width=1920, height=1080)
RIGHT = Screen(x=1920, y=0, width=1280, height=1024)


def test_it_is_kept_and_found(tmp_path):
    place = Place(x=10, y=20, width=900, height=700, maximized=True)
    keep(tmp_path / "window/place.json", place)
    assert load(tmp_path / "window/place.json") == place
    assert [path.name for path in (tmp_path / "window").iterdir()] == ["place.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"x": "left"}', '{"width": {}}', "\xff"])
def test_a_file_that_is_broken_is_none(tmp_path, text):
    (tmp_path / "place.json").write_text(text, "latin-1")
    assert load(tmp_path / "place.json") == Place()


def test_on_a_screen_that_is_there_it_stays():
    place = Place(x=2000, y=30, width=900, height=700)
    assert place.within([SCREEN, RIGHT]) == place


@pytest.mark.parametrize("at", [(2000, 30), (-890, 10), (1900, 0), (0, -50), (0, 1070), (None, None)])
def test_where_nobody_could_reach_it_the_system_chooses(at):
    found = Place(x=at[0], y=at[1], width=900, height=700).within([SCREEN])
    assert (found.x, found.y, found.width, found.height) == (None, None, 900, 700)


def test_it_is_never_larger_than_the_screen_nor_too_small():
    large = Place(x=0, y=0, width=4000, height=3000).within([SCREEN])
    assert (large.width, large.height) == (1920, 1080)
    small = Place(x=0, y=0, width=10, height=10).within([SCREEN])
    assert (small.width, small.height) == SMALLEST


def test_without_a_screen_there_is_no_place():
    assert Place(x=1, y=2).within([]).x is None
