"""The splash: of our own colours, and without a way to write into it."""

from __future__ import annotations

import pytest

from forge.desktop import splash
from forge.desktop.words import ENGLISH, RUSSIAN


@pytest.mark.parametrize("dark", [True, False])
def test_it_stands_on_the_boards_own_ground(dark):
    page = splash.starting(ENGLISH, dark=dark)
    assert f"background: {splash.ground(dark=dark)};" in page
    assert ENGLISH.starting in page
    assert '<html lang="en">' in page
    assert splash.ground(dark=True) != splash.ground(dark=False)


def test_it_fetches_nothing():
    page = splash.starting(RUSSIAN, dark=True)
    assert all(word not in page for word in ("http", "src=", "url(", "<script"))


def test_what_it_says_is_text():
    page = splash.failed(ENGLISH, "<script>alert(1)</script>", dark=False)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
