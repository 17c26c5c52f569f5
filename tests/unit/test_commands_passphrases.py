"""How a passphrase is said."""

from __future__ import annotations

import sys

import click
import pytest

from forge.commands import passphrases
from forge.domain.errors import Invalid


def test_from_a_file_it_is_the_first_line(tmp_path):
    file = tmp_path / "words"
    file.write_bytes(b"correct horse battery\r\nmore\n")
    assert passphrases.given(file, None).reveal() == "correct horse battery"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n"])
def test_a_file_without_one_is_said(tmp_path, content):
    file = tmp_path / "words"
    file.write_bytes(content)
    with pytest.raises(Invalid, match="words"):
        passphrases.given(file, None)
    with pytest.raises(Invalid, match="nowhere"):
        passphrases.given(tmp_path / "nowhere", None)


def test_from_a_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("WORDS", "correct horse battery")
    assert passphrases.given(None, "WORDS").reveal() == "correct horse battery"
    with pytest.raises(Invalid, match="NOTHING is empty"):
        passphrases.given(None, "NOTHING")
    with pytest.raises(Invalid, match="once"):
        passphrases.given(tmp_path, "WORDS")


def test_neither_is_none_and_nobody_is_asked_where_nobody_sits():
    assert passphrases.given(None, None) is None
    assert passphrases.asked("Passphrase", twice=True) is None


@pytest.mark.parametrize(
    ("typed", "twice", "found"), [(["words"], False, "words"), (["words", "words"], True, "words"), ([""], True, None)]
)
def test_somebody_types_it(monkeypatch, typed, twice, found):
    answers = iter(typed)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "prompt", lambda *_, **more: next(answers) if more["hide_input"] else None)
    said = passphrases.asked("Passphrase", twice=twice)
    assert (said.reveal() if said else None) == found


def test_two_that_differ_are_no_passphrase(monkeypatch):
    answers = iter(["one", "other"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(answers))
    with pytest.raises(Invalid, match="not the same"):
        passphrases.asked("Passphrase", twice=True)
