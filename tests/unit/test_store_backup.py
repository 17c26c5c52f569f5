"""A copy of all that Forge knows: whole, of one moment, and nothing left beside it."""

from __future__ import annotations

import os
import sqlite3
import threading

import pytest

from forge.domain.errors import Invalid, Unavailable
from forge.domain.secret import Secret
from forge.store import archive, backup
from tests.unit.storing import NOON, open_store


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    with made.database.change() as change:
        made.preferences.keep(change, "_home", "ab12cd34")
    yield made
    made.database.close()


def take(store, **more):
    return backup.take(store.database, store.secrets, "ab12cd34", **more)


def unpacked(store, path, where):
    with where.open("wb") as target:
        archive.unpack(archive.unseal(path, passphrase=None, own=store.secrets.vault), target)
    return sqlite3.connect(where)


def fill(store, number):
    with store.database.change() as change:
        for name in ("a", "b"):
            store.preferences.keep(change, name, number)


def left(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".backup-")]


def test_what_is_only_in_the_write_ahead_log_is_in_it(store, tmp_path):
    fill(store, 1)
    assert sqlite3.connect(tmp_path / "forge.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)
    taken = unpacked(store, take(store), tmp_path / "taken.db")
    assert taken.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert taken.execute("SELECT value FROM preference WHERE name = 'a'").fetchone() == ("1",)
    assert taken.execute("PRAGMA user_version").fetchone() == (store.database.schema(),)


def test_it_says_of_what_it_is(store):
    header = archive.read_header(take(store))
    assert (header.made, header.home, header.schema) == (NOON, "ab12cd34", store.database.schema())


def test_it_is_of_one_moment_while_others_write(store, tmp_path):
    """a and b are written together: no copy may have one without the other."""
    fill(store, 0)
    done = threading.Event()

    def write():
        number = 0
        while not done.is_set():
            fill(store, number := number + 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(20):
            taken = unpacked(store, take(store), tmp_path / f"{number}.db")
            values = taken.execute("SELECT DISTINCT value FROM preference WHERE name IN ('a', 'b')").fetchall()
            assert len(values) == 1
    finally:
        done.set()
        writer.join()


def test_it_is_for_its_owner_only_and_gone_when_it_was_read(store, tmp_path):
    copy = backup.Passing(take(store))
    if os.name == "posix":
        assert copy.path.stat().st_mode & 0o077 == 0
    assert copy.size == copy.path.stat().st_size
    copy.close()
    copy.close()
    assert left(tmp_path) == []


def test_one_that_fails_leaves_nothing(store, tmp_path, monkeypatch):
    def full(_):
        raise Unavailable("The disk is full")

    monkeypatch.setattr(store.database, "copy", full)
    with pytest.raises(Unavailable):
        take(store)
    assert left(tmp_path) == []


def test_a_disk_that_is_full_while_it_is_packed_leaves_nothing(store, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "write", full)
    with pytest.raises(Unavailable, match="No space left"):
        take(store)
    assert left(tmp_path) == []


def test_a_folder_that_takes_no_file_is_said(store, monkeypatch):
    def refuse(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.tempfile, "mkstemp", refuse)
    with pytest.raises(Unavailable, match="No space left"):
        take(store)


def test_a_passphrase_that_is_too_short_is_said_before_anything_is_written(store, tmp_path):
    with pytest.raises(Invalid, match="12 characters"):
        take(store, passphrase=Secret("short"))
    assert left(tmp_path) == []


def test_what_a_killed_forge_left_is_tidied(tmp_path):
    (tmp_path / ".backup-x1").touch()
    (tmp_path / "forge.db").touch()
    backup.tidy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["forge.db"]


def test_secrets_stay_sealed_in_it(store, tmp_path):
    with store.database.change() as change:
        store.secrets.put(change, "registry/main/password", Secret("p1anted-s3cret"))
    path = take(store)
    unpacked(store, path, tmp_path / "taken.db").close()
    assert b"p1anted-s3cret" not in path.read_bytes()
    assert b"p1anted-s3cret" not in (tmp_path / "taken.db").read_bytes()
