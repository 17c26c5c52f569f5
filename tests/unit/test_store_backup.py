"""A copy of the database: whole, of one moment, and gone when it was read."""

from __future__ import annotations

import os
import sqlite3
import threading

import pytest

from forge.domain.errors import Unavailable
from forge.domain.secret import Secret
from forge.store import backup
from forge.store.database import Database
from tests.unit.storing import Clock, open_store


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "forge.db", clock=Clock())
    made.open()
    yield made
    made.close()


def fill(database, number):
    with database.change() as change:
        for name in ("a", "b"):
            change.execute("INSERT OR REPLACE INTO preference (name, value) VALUES (?, ?)", (name, str(number)))


def left(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".backup-")]


def test_what_is_only_in_the_write_ahead_log_is_in_the_copy(database, tmp_path):
    fill(database, 1)
    assert sqlite3.connect(tmp_path / "forge.db").execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with backup.take(database) as copy:
        (tmp_path / "taken.db").write_bytes(copy.read())
        assert copy.size == (tmp_path / "taken.db").stat().st_size
    taken = sqlite3.connect(tmp_path / "taken.db")
    assert taken.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert taken.execute("SELECT value FROM preference WHERE name = 'a'").fetchone() == ("1",)
    assert taken.execute("PRAGMA user_version").fetchone() == tuple(database.row("PRAGMA user_version"))


def test_a_copy_is_of_one_moment_while_others_write(database, tmp_path):
    """a and b are written together: no copy may have one without the other."""
    fill(database, 0)
    done = threading.Event()

    def write():
        number = 0
        while not done.is_set():
            fill(database, number := number + 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(20):
            with backup.take(database) as copy:
                file = tmp_path / f"{number}.db"
                file.write_bytes(copy.read())
            values = sqlite3.connect(file).execute("SELECT DISTINCT value FROM preference").fetchall()
            assert len(values) == 1
    finally:
        done.set()
        writer.join()


def test_a_copy_is_for_its_owner_only_and_gone_when_it_was_read(database, tmp_path):
    copy = backup.take(database)
    if os.name == "posix":
        assert copy.path.stat().st_mode & 0o077 == 0
    copy.close()
    copy.close()
    assert left(tmp_path) == []


def test_a_copy_that_fails_leaves_nothing(database, tmp_path, monkeypatch):
    def full(_):
        raise Unavailable("The disk is full")

    monkeypatch.setattr(database, "copy", full)
    with pytest.raises(Unavailable):
        backup.take(database)
    assert left(tmp_path) == []


def test_a_folder_that_takes_no_file_is_said(database, monkeypatch):
    def refuse(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.tempfile, "mkstemp", refuse)
    with pytest.raises(Unavailable, match="No space left"):
        backup.take(database)


def test_what_a_killed_forge_left_is_tidied(tmp_path):
    (tmp_path / ".backup-x1").touch()
    (tmp_path / "forge.db").touch()
    backup.tidy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["forge.db"]


def test_secrets_stay_sealed_in_it(tmp_path):
    store = open_store(tmp_path)
    with store.database.change() as change:
        store.secrets.put(change, "registry/main/password", Secret("p1anted-s3cret"))
    with backup.take(store.database) as copy:
        assert b"p1anted-s3cret" not in copy.read()
    store.database.close()
