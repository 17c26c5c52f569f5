"""Secrets over HTTP."""

from __future__ import annotations

import pytest

from forge.api.sealing import kept_names, sealed, wrapped
from forge.log import redact


def test_secrets_are_wrapped_and_null_stays_null():
    found = sealed({"A": "p1anted-a", "B": None})
    assert found["A"].reveal() == "p1anted-a"
    assert found["B"] is None
    assert "p1anted" not in repr(found)


def test_a_secret_that_came_in_is_in_no_log_from_then_on():
    wrapped("p1anted-for-the-log")
    assert "p1anted-for" not in redact("it was p1anted-for-the-log")


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        (["A", "B"], {}, ["A", "B"]),
        (["A", "B"], {"B": None}, ["A"]),
        (["A"], {"B": "x"}, ["A", "B"]),
        (["A"], {"A": "new"}, ["A"]),
        ([], {"A": None}, []),
        (["A"], {"A": ""}, ["A"]),
    ],
)
def test_names_that_are_not_mentioned_stay(before, given, after):
    assert kept_names(before, given) == after
