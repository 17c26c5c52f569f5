"""Preferences: what is refused, and by which field."""

from __future__ import annotations

import pytest

from forge.domain.errors import Invalid
from forge.domain.preferences import PREFERENCE_NAMES, Preferences, UnknownImage


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("domain", {"domain": "a b"}),
        ("domain_pattern", {"domain_pattern": "{what}.{domain}"}),
        ("domain_pattern", {"domain_pattern": "-"}),
        ("host_paths", {"host_paths": ("/srv", "data")}),
        ("host_paths", {"host_paths": ("/srv/../etc",)}),
        ("host_paths", {"host_paths": ("/srv\0",)}),
        ("free_disk", {"free_disk": -1}),
        ("receipts", {"receipts": 0}),
        ("events", {"events": 999}),
    ],
)
def test_a_preference_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Preferences(**given)
    assert list(caught.value.fields) == [field]


def test_the_defaults_wait_for_a_person_and_allow_no_folder_of_the_machine():
    preferences = Preferences()
    assert preferences.unknown_image is UnknownImage.CREATE
    assert preferences.host_paths == ()
    assert set(PREFERENCE_NAMES) == {name for name in dir(preferences) if not name.startswith("_")}


@pytest.mark.parametrize("url", ["forge.example.org", "https://forge.example.org/board", "javascript://x"])
def test_where_people_reach_the_board_is_scheme_and_host(url):
    assert Preferences(public_url="https://forge.example.org:8443").public_url
    with pytest.raises(Invalid) as error:
        Preferences(public_url=url)
    assert list(error.value.fields) == ["public_url"]
