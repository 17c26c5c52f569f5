"""The window's own words."""

from __future__ import annotations

import unicodedata
from dataclasses import fields

import pytest

from forge.desktop.words import ENGLISH, RUSSIAN, Words, words


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "ru_RU.UTF-8"}, RUSSIAN),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "de_DE.UTF-8"}, ENGLISH),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "ru_RU"}, RUSSIAN),
        ({"LANG": "C.UTF-8"}, ENGLISH),
    ],
)
def test_it_speaks_as_the_system_does(environment, spoken):
    assert words(environment) is spoken


@pytest.mark.parametrize("field", [field.name for field in fields(Words) if field.name != "language"])
def test_both_languages_name_the_same_things(field):
    english, russian = getattr(ENGLISH, field), getattr(RUSSIAN, field)
    assert english != russian
    assert english.count("{") == russian.count("{")
    assert any("CYRILLIC" in unicodedata.name(letter, "") for letter in russian)
