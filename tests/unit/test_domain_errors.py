"""Errors: every one has a code of its own and can carry another."""

from __future__ import annotations

import pytest

from forge.domain import errors
from forge.domain.errors import ForgeError, RegistryUnavailable, Unavailable

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ForgeError)]


def test_no_two_kinds_have_the_same_code():
    assert len({kind.code for kind in KINDS}) == len(KINDS) >= 13


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_a_sentence_a_code_and_the_fields_at_fault(kind):
    error = kind("It is so.", fields={"port": "1 to 65535"})
    assert (str(error), error.message, error.code, error.fields) == (
        "It is so.",
        "It is so.",
        kind.code,
        {"port": "1 to 65535"},
    )
    assert kind("It is so.", code="special").code == "special"
    assert kind("It is so.").fields == {}


def test_what_is_unavailable_may_say_when_to_come_back():
    assert RegistryUnavailable("Wait.", retry_after=30).retry_after == 30
    assert Unavailable("Wait.").retry_after is None
