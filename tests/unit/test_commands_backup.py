"""backup, as typed."""

from __future__ import annotations

import os
import sqlite3
from io import FileIO
from pathlib import Path

import pytest

from forge.commands.backup import _keeper
from forge.commands.client import Client, NotRunning
from forge.domain.errors import ForgeError
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


def projects(file):
    return [name for (name,) in sqlite3.connect(file).execute("SELECT name FROM project")]


def test_a_backup_is_written_for_its_owner_only(shell, tmp_path):
    shell.world.project("shop")
    file = tmp_path / "kept.db"
    said = shell.run("backup", str(file)).stdout
    assert said.startswith(f"{file}: ")
    assert "keep the key too" in said
    assert projects(file) == ["shop"]
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path != shell.folder] == ["kept.db"]


def test_what_is_there_is_replaced_only_when_that_is_said(shell, tmp_path):
    file = tmp_path / "kept.db"
    file.write_text("precious")
    assert "is there already" in shell.run("backup", str(file), code=2).stderr
    assert file.read_text() == "precious"
    shell.run("backup", str(file), "--force")
    assert projects(file) == []
    assert shell.json("backup", str(file), "--force") == {"file": str(file), "bytes": file.stat().st_size}


def test_a_folder_is_no_file(shell, tmp_path):
    assert "is there already" in shell.run("backup", str(tmp_path), "--force", code=2).stderr
    assert "cannot be written" in shell.run("backup", str(tmp_path / "no" / "where.db"), code=2).stderr


def test_what_breaks_off_leaves_the_former_backup(shell, tmp_path, monkeypatch):
    file = tmp_path / "kept.db"
    file.write_text("precious")

    def break_off(_self, _path, keep):
        keep(b"half")
        raise NotRunning("Forge does not answer")

    monkeypatch.setattr(Client, "download", break_off)
    shell.run("backup", str(file), "--force", code=3)
    assert file.read_text() == "precious"
    assert not (tmp_path / "kept.db.part").exists()


def test_a_disk_that_is_full_is_said(shell, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with FileIO("/dev/full", "w") as full:
        keep = _keeper(full, tmp_path / "kept.db")
        with pytest.raises(ForgeError, match=r"kept\.db cannot be written: No space left"):
            keep(b"x")
