"""A secret is given out on purpose only."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.secret import Secret

PLANTED = "hunter22"


@dataclass(frozen=True)
class _Holder:
    password: Secret


SHOWN = [
    str,
    repr,
    "{}".format,
    "{!r:>20}".format,
    lambda secret: f"{secret}",
    lambda secret: "%s %r" % (secret, [secret]),  # noqa: UP031  another way to show it
    lambda secret: repr(_Holder(secret)),
    lambda secret: repr(asdict(_Holder(secret))),
    lambda secret: repr(copy.deepcopy(secret)),
    lambda secret: json.dumps(secret, default=str, ensure_ascii=False),
    lambda secret: msgspec.json.encode({"a": secret}, enc_hook=str).decode(),
]


@pytest.mark.parametrize("show", SHOWN)
def test_no_way_of_showing_it_shows_it(show):
    shown = show(Secret(PLANTED))
    assert "•••" in shown
    assert PLANTED not in shown


@pytest.mark.parametrize("write", [json.dumps, msgspec.json.encode, msgspec.msgpack.encode, pickle.dumps, vars])
def test_what_writes_values_refuses_it(write):
    with pytest.raises(TypeError) as caught:
        write(Secret(PLANTED))
    assert PLANTED not in str(caught.value)


def test_a_format_of_its_own_is_refused():
    with pytest.raises(TypeError):
        f"{Secret(PLANTED):>20}"


@given(st.text(st.characters(codec=None, exclude_categories=())), st.text())
def test_it_gives_out_what_was_put_in_and_is_compared_by_that(text, other):
    secret = Secret(text)
    assert secret.reveal() == text
    assert secret == Secret(text)
    assert hash(secret) == hash(Secret(text))
    assert (secret == Secret(other)) == (text == other)
    assert secret != text
    assert copy.deepcopy(secret) is secret


def test_nothing_can_be_added_to_it():
    with pytest.raises(AttributeError):
        Secret(PLANTED).note = "x"
