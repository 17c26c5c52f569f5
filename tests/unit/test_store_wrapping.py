"""The keys under a passphrase."""

from __future__ import annotations

import msgspec
import pytest

from forge.domain.errors import Invalid
from forge.domain.secret import Secret
from forge.store.wrapping import USUAL_COST, Wrapped, unwrap, wrap
from forge.vault import VaultError

KEYS = [b"k" * 32, b"o" * 32]
WORDS = Secret("correct horse battery")


def test_the_passphrase_opens_the_keys_and_nothing_else_does():
    wrapped = wrap(KEYS, WORDS)
    assert unwrap(wrapped, WORDS) == KEYS
    with pytest.raises(VaultError, match="not the passphrase") as caught:
        unwrap(wrapped, Secret("correct horse batterie"))
    assert caught.value.code == "passphrase"


def test_the_cost_is_what_is_asked_for_of_a_passphrase_today():
    assert USUAL_COST == 1 << 17  # as it is outside of tests: see conftest


def test_one_accent_is_one_accent_however_it_was_typed():
    wrapped = wrap(KEYS, Secret("caf\u00e9 \u00e0 la carte"))
    assert unwrap(wrapped, Secret("cafe\u0301 a\u0300 la carte")) == KEYS


@pytest.mark.parametrize("field", ["n", "r", "p", "salt", "nonce", "sealed"])
def test_a_changed_field_is_refused(field):
    wrapped = wrap(KEYS, WORDS)
    value = getattr(wrapped, field)
    other = value * 2 if isinstance(value, int) else ("A" if value[0] != "A" else "B") + value[1:]
    with pytest.raises(VaultError):
        unwrap(msgspec.structs.replace(wrapped, **{field: other}), WORDS)


@pytest.mark.parametrize("asked", [{"n": 1 << 30}, {"r": 1000}, {"p": 99}, {"n": 0}, {"kdf": "md5"}])
def test_a_file_cannot_ask_for_more_work_than_there_is_memory(asked):
    said = {**msgspec.to_builtins(wrap(KEYS, WORDS)), **asked}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, Wrapped)


@pytest.mark.parametrize("sealed", ["", "AAAA", "no base64!"])
def test_what_is_no_seal_is_refused(sealed):
    with pytest.raises(VaultError):
        unwrap(msgspec.structs.replace(wrap(KEYS, WORDS), sealed=sealed), WORDS)


@pytest.mark.parametrize("words", ["", "short", "x" * 1025])
def test_a_passphrase_that_is_soon_guessed_is_refused(words):
    with pytest.raises(Invalid, match="12 characters or more"):
        wrap(KEYS, Secret(words))
