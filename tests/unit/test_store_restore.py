"""Restoring: proven first, nothing lost, and whole whenever it is killed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from forge.compose import open_folder
from forge.domain.errors import Conflict, ForgeError, Invalid
from forge.domain.secret import Secret
from forge.settings import Settings
from forge.store import shelf, upgrade
from forge.store.archive import Damaged
from forge.store.database import StoreError, migrations
from forge.store.restore import RESTORED, find, restore
from forge.vault import VaultError, generate_key
from tests import old_data
from tests.unit.restoring import STEPS, WORDS, knows, lay_out, take, value_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def taken(tmp_path):
    """A backup that knows “new”, with its key under a passphrase."""
    return take(lay_out(tmp_path / "made", "new"), tmp_path / "taken.backup")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "lock"}


def test_on_an_empty_folder_it_brings_data_and_key(taken, tmp_path):
    there = Settings(data=tmp_path / "there")
    done = restore(taken, there, WORDS)
    assert (done.secrets, done.projects, done.safety) == (1, 0, None)
    assert knows(there) == ("new", "new")
    if os.name == "posix":
        assert there.database.stat().st_mode & 0o077 == there.key_file.stat().st_mode & 0o077 == 0


def test_the_mark_of_the_folder_comes_along(taken, tmp_path):
    done = restore(taken, Settings(data=tmp_path / "there"), WORDS)
    folder = open_folder(Settings(data=tmp_path / "made"))
    assert done.home == folder.home
    folder.store.database.close()
    folder.lock.release()


def test_what_was_there_is_kept_and_can_be_restored_in_turn(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    done = restore(taken, there, WORDS)
    assert knows(there) == ("new", "new")
    assert value_in(done.safety) == "old"
    assert [one.kind.value for one in shelf.all_of(there.data)] == ["restore"]
    restore(find(there.data, done.safety.name), there)
    assert knows(there) == ("old", "old")


def test_the_key_of_the_folder_stays_and_seals_what_was_restored(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    key = there.key_file.read_bytes()
    restore(taken, there, WORDS)
    assert there.key_file.read_bytes() == key
    assert knows(there) == ("new", "new")


def test_a_key_from_the_environment_seals_what_was_restored(taken, tmp_path):
    there = Settings(data=tmp_path / "there", encryption_key=Secret(generate_key()))
    restore(taken, there, WORDS)
    assert knows(there) == ("new", "new")
    assert not there.key_file.exists()


def test_one_without_its_key_needs_the_folders_own(tmp_path):
    made = lay_out(tmp_path / "made", "new")
    file = take(made, tmp_path / "bare.backup", None)
    there = Settings(data=tmp_path / "there")
    with pytest.raises(VaultError, match=r"put the vault\.key"):
        restore(file, there)
    there.data.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(made.key_file, there.key_file)
    restore(file, there)
    assert knows(there) == ("new", "new")


def test_a_bare_database_as_an_upgrade_keeps_it_is_restored_too(tmp_path):
    old_data.lay_out(1, tmp_path / "data")
    there = Settings(data=tmp_path / "data", encryption_key=Secret(old_data.KEY))
    folder = open_folder(there)
    folder.store.database.close()
    folder.lock.release()
    (copy,) = upgrade.folder_of(there.database).iterdir()
    done = restore(copy, there)
    assert (done.projects, done.made) == (1, None)
    with closing(sqlite3.connect(there.database)) as opened:
        assert opened.execute("PRAGMA user_version").fetchone() == (1,)
    folder = open_folder(there)  # and is brought up to date
    assert [project.name for project in folder.store.projects.all()] == ["shop"]
    folder.store.database.close()
    folder.lock.release()


def test_while_forge_runs_nothing_is_done(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    folder = open_folder(there)
    try:
        with pytest.raises(Conflict, match="stop it, restore, and start it again") as caught:
            restore(taken, there, WORDS)
        assert caught.value.code == "already_running"
    finally:
        folder.store.database.close()
        folder.lock.release()
    assert knows(there) == ("old", "old")


def wrong_passphrase(file):
    return file, Secret("wrong horse battery")


def cut_off(file):
    file.write_bytes(file.read_bytes()[:-100])
    return file, WORDS


def no_backup(file):
    file.write_bytes(b"hello")
    return file, WORDS


def missing(file):
    file.unlink()
    return file, WORDS


@pytest.mark.parametrize("spoil", [wrong_passphrase, cut_off, no_backup, missing])
def test_what_is_not_all_right_changes_not_a_byte(taken, tmp_path, spoil):
    there = lay_out(tmp_path / "there", "old")
    before = contents(there.data)
    file, passphrase = spoil(taken)
    with pytest.raises(ForgeError):
        restore(file, there, passphrase)
    assert contents(there.data) == before
    assert shelf.all_of(there.data) == []


def changed(folder, sql):
    """A bare database of a data folder, with something changed in it."""
    made = lay_out(folder, "new")
    with closing(sqlite3.connect(made.database)) as opened:
        opened.executescript(sql)
    return made


def test_one_of_a_newer_forge_is_refused(tmp_path):
    newest = migrations()[-1][0]
    made = changed(tmp_path / "made", f"PRAGMA user_version = {newest + 1}")
    with pytest.raises(StoreError, match="of a newer Forge") as caught:
        restore(made.database, made)
    assert caught.value.code == "newer_database"


def test_one_whose_key_is_another_is_refused(tmp_path):
    made, other = lay_out(tmp_path / "made", "new"), lay_out(tmp_path / "other", "old")
    with pytest.raises(VaultError):
        restore(made.database, other)
    assert knows(other) == ("old", "old")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM preference WHERE name = '_home'",
        "DELETE FROM secret",
        "DROP TABLE secret",
        "PRAGMA user_version = 0",
    ],
)
def test_a_database_that_no_forge_could_start_on_is_refused(tmp_path, sql):
    made, there = changed(tmp_path / "made", sql), lay_out(tmp_path / "there", "old")
    shutil.copy(made.key_file, there.key_file)
    with pytest.raises(Damaged):
        restore(made.database, there)


def test_a_damaged_database_is_refused(tmp_path):
    made = lay_out(tmp_path / "made", "new")
    raw = bytearray(made.database.read_bytes())
    raw[4096 * 3 : 4096 * 20] = b"\xff" * 4096 * 17
    (tmp_path / "bad.db").write_bytes(raw)
    with pytest.raises(Damaged):
        restore(tmp_path / "bad.db", made)
    assert knows(made) == ("new", "new")


def test_over_a_damaged_database_it_restores_and_keeps_what_is_left_of_it(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    there.database.write_bytes(b"ruined" * 5000)
    there.database.with_name("forge.db-wal").write_bytes(b"its log")
    done = restore(taken, there, WORDS)
    assert knows(there) == ("new", "new")
    assert done.safety.read_bytes() == b"ruined" * 5000
    assert done.safety.with_name(f"{done.safety.name}-wal").read_bytes() == b"its log"


def test_what_is_only_in_the_log_of_the_old_one_is_in_the_safety_copy_and_not_in_the_new(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    with closing(sqlite3.connect(there.database)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("UPDATE preference SET value = '\"newest\"' WHERE name = '_value'")
        writer.commit()
        shutil.copytree(there.data, tmp_path / "killed")  # as a kill leaves it: with its log
    killed = Settings(data=tmp_path / "killed")
    assert (killed.data / "forge.db-wal").stat().st_size > 0
    done = restore(taken, killed, WORDS)
    assert knows(killed) == ("new", "new")
    assert value_in(done.safety) == "newest"


def test_two_in_one_second_keep_two(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    kept = {restore(taken, there, WORDS, clock=lambda: 1e9).safety for _ in range(3)}
    assert len(kept) == 3


def test_without_links_the_safety_copy_is_a_copy(taken, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    there = lay_out(tmp_path / "there", "old")
    monkeypatch.setattr(os, "link", refuse)
    assert value_in(restore(taken, there, WORDS).safety) == "old"


def test_word_is_left_for_the_next_start(taken, tmp_path):
    there = Settings(data=tmp_path / "there")
    restore(taken, there, WORDS, clock=lambda: 1e9)
    with closing(sqlite3.connect(there.database)) as opened:
        (word,) = opened.execute("SELECT value FROM preference WHERE name = ?", (RESTORED,)).fetchone()
    assert word == '{"at":1000000000.0,"settled":false,"engines":["local"]}'


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_at_any_step_the_folder_is_whole_and_the_next_try_goes_through(taken, tmp_path, step):
    there = lay_out(tmp_path / "there", "old")
    killed = subprocess.run(
        [sys.executable, "-m", "tests.unit.restoring", str(taken), str(there.data), WORDS.reveal(), step],
        cwd=ROOT, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert killed.returncode == -9
    wanted = "new" if step == "swapped" else "old"
    assert knows(there) == (wanted, wanted)
    assert not list(there.data.glob(".backup-*"))
    restore(taken, there, WORDS)
    assert knows(there) == ("new", "new")


def test_a_disk_that_is_full_is_said_and_nothing_is_changed(taken, tmp_path, monkeypatch):
    there = lay_out(tmp_path / "there", "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forge.store.archive.sync", full)
    with pytest.raises(ForgeError, match="No space left"):
        restore(taken, there, WORDS)
    monkeypatch.undo()
    assert knows(there) == ("old", "old")


def test_a_file_or_a_kept_one_by_its_name(tmp_path):
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "hand-0001-2026-01-01.backup").touch()
    assert find(tmp_path, "hand-0001-2026-01-01.backup") == tmp_path / "backups" / "hand-0001-2026-01-01.backup"
    with pytest.raises(Invalid, match="no backup of that name"):
        find(tmp_path, "other.backup")
