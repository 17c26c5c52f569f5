"""What the frozen file unpacks."""

from __future__ import annotations

import os
import sys

import pytest

from forge.desktop import bundle
from forge.desktop.bundle import tidied


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """The folder of a frozen file that runs; nobody is told to end with its loader."""
    folder = tmp_path / "_MEI2"
    folder.mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(folder), raising=False)
    monkeypatch.setattr(bundle, "_end_with_the_loader", lambda: None)
    return folder


def test_from_source_there_is_nothing_to_do(tmp_path):
    with tidied(tmp_path / "unpacked"):
        assert not (tmp_path / "unpacked").exists()


def test_the_loader_removes_it_and_so_does_the_next_forge_if_the_loader_was_killed(tmp_path, unpacked):
    note, left = tmp_path / "unpacked", tmp_path / "_MEI1"
    left.mkdir()
    note.write_text(str(left))
    with tidied(note):
        assert not left.exists()
        assert note.read_text() == str(unpacked)
    assert unpacked.exists(), "that is the loader's to do"
    assert not note.exists()


@pytest.mark.parametrize("name", ["precious", "_MEI2"])
def test_nothing_else_is_removed(tmp_path, unpacked, name):
    other = tmp_path / name
    other.mkdir(exist_ok=True)
    (tmp_path / "unpacked").write_text(str(other))
    with tidied(tmp_path / "unpacked"):
        assert other.exists()


def test_without_its_loader_it_removes_the_folder_itself(tmp_path, unpacked, monkeypatch):
    with tidied(tmp_path / "unpacked"):
        monkeypatch.setattr(os, "getppid", lambda: 1)
    assert not unpacked.exists()
