"""backup, as typed."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

import pytest

from forge.commands.backup import _keeper
from forge.commands.client import Client, NotRunning
from forge.domain.errors import ForgeError
from forge.domain.secret import Secret
from forge.store import archive
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name

WORDS = "correct horse battery"


def test_a_backup_is_written_for_its_owner_only(shell, tmp_path):
    file = tmp_path / "kept.backup"
    said = shell.run("backup", str(file)).stdout
    assert said.startswith(f"{file}: ")
    assert "keep the key too" in said
    assert archive.read_header(file).home == shell.world.forge.home
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path != shell.folder] == ["kept.backup"]


@pytest.mark.parametrize("way", ["file", "variable"])
def test_a_passphrase_from_a_file_or_a_variable_takes_the_key_along(shell, tmp_path, way):
    file, words = tmp_path / "kept.backup", tmp_path / "words"
    words.write_text(WORDS + "\nsecond line\n")
    where = ("--passphrase-file", str(words)) if way == "file" else ("--passphrase-env", "WORDS")
    said = shell.run("backup", str(file), *where, WORDS=WORDS).stdout
    assert "The key is in it" in said
    assert archive.unseal(file, passphrase=Secret(WORDS), own=None).vault.keys


def test_what_is_there_is_replaced_only_when_that_is_said(shell, tmp_path):
    file = tmp_path / "kept.backup"
    file.write_text("precious")
    assert "is there already" in shell.run("backup", str(file), code=2).stderr
    assert file.read_text() == "precious"
    shell.run("backup", "--force", str(file))
    said = shell.json("backup", str(file), "--force")
    assert said == {"file": str(file), "bytes": file.stat().st_size, "keyed": False}


def test_a_folder_is_no_file(shell, tmp_path):
    assert "is there already" in shell.run("backup", str(tmp_path), "--force", code=2).stderr
    assert "cannot be written" in shell.run("backup", str(tmp_path / "no" / "where.db"), code=2).stderr


def test_what_breaks_off_leaves_the_former_backup(shell, tmp_path, monkeypatch):
    file = tmp_path / "kept.backup"
    file.write_text("precious")

    def break_off(_self, _path, keep, _body):
        keep(b"half")
        raise NotRunning("Forge does not answer")

    monkeypatch.setattr(Client, "download", break_off)
    shell.run("backup", str(file), "--force", code=3)
    assert file.read_text() == "precious"
    assert not (tmp_path / "kept.backup.part").exists()


def test_a_disk_that_is_full_is_said(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with FileIO("/dev/full", "w") as full:
        keep = _keeper(full, tmp_path / "kept.db")
        with pytest.raises(ForgeError, match=r"kept\.db cannot be written: No space left"):
            keep(b"x")


def test_those_that_forge_keeps_are_listed_taken_and_deleted(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = shell.json("backup", "now")["name"]
    said = shell.run("backup", "list").stdout
    assert name in said
    assert "by hand" in said
    assert str(shell.folder / "backups") in said
    assert [one["name"] for one in shell.json("backup", "list")["backups"]] == [name]
    shell.run("backup", "get", name)
    assert archive.read_header(tmp_path / name).home == shell.world.forge.home
    assert "is there already" in shell.run("backup", "get", name, code=2).stderr
    assert shell.run("backup", "delete", name, say="n\n", code=1).stderr
    assert shell.json("backup", "list")["backups"]
    assert shell.run("backup", "delete", name, "--yes").stdout == f"{name} is deleted.\n"
    shell.run("backup", "delete", name, "--yes", code=6)


def test_the_passphrase_of_the_kept_ones(shell):
    assert "Say the passphrase" in shell.run("backup", "passphrase", code=2).stderr
    shell.run("backup", "passphrase", "--passphrase-env", "WORDS", WORDS=WORDS)
    assert shell.json("backup", "now")["keyed"]
    assert "under a passphrase" in shell.run("backup", "list").stdout
    assert "keep it, too" in shell.run("backup", "passphrase", "--none").stdout
    assert not shell.json("backup", "now")["keyed"]
