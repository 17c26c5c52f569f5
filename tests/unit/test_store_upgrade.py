"""An upgrade: each earlier schema with data in it is brought up to date, after a copy; a newer one is left alone."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from forge.domain.errors import Unavailable
from forge.domain.secret import Secret
from forge.store import backup, database, upgrade
from forge.store.database import StoreError, migrations
from tests import old_data
from tests.world import World

NEWEST = migrations()[-1][0]
ROOT = Path(__file__).parents[2]


def start(data, **more) -> World:
    return World(data, encryption_key=Secret(old_data.KEY), **more)


def rows(file, sql):
    with contextlib.closing(sqlite3.connect(file)) as opened:
        return opened.execute(sql).fetchall()


def copies(data):
    return sorted((data / "backups").iterdir()) if (data / "backups").exists() else []


def contents(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_there_is_data_of_every_schema_that_anybody_may_have():
    assert old_data.schemas() == list(range(1, len(old_data.schemas()) + 1))
    assert old_data.schemas()[-1] >= NEWEST - 1  # the newest one's is written before the next migration


@pytest.mark.parametrize("schema", old_data.schemas())
def test_everything_of_an_earlier_schema_is_there_afterwards(tmp_path, schema):
    old_data.lay_out(schema, tmp_path)
    world = start(tmp_path)
    store = world.forge.store
    assert store.database.row("PRAGMA user_version")[0] == NEWEST
    assert [project.name for project in store.projects.all()] == ["shop"]
    assert [stage.name for stage in store.projects.stages("shop")] == ["dev", "rel"]
    assert store.secrets.get("project/shop/environment/PASSWORD") == Secret("kept over upgrades")
    assert [store.deploys.get(number).status.value for number in (1, 2, 3)] == ["succeeded", "succeeded", "failed"]
    assert store.deploys.last_words(3)["exit_code"] == 3
    assert (world.serving("dev"), world.serving("rel")) == (["dev-1"], ["dev-1"])
    assert store.events.bounds()[1] > 100
    assert store.database.rows("PRAGMA foreign_key_check") == []
    world.push("dev-3")
    world.forge.start()
    assert world.deploy("dev-3").status.value == "succeeded"
    world.forge.close()


@pytest.mark.parametrize("schema", [number for number in old_data.schemas() if number < NEWEST])
def test_before_it_is_brought_up_to_date_it_is_copied_and_the_log_says_where(tmp_path, schema, caplog):
    caplog.set_level("INFO")
    old_data.lay_out(schema, tmp_path)
    start(tmp_path).forge.close()
    (copy,) = copies(tmp_path)
    assert copy.name.startswith(f"schema-{schema:04d}-")
    assert rows(copy, "PRAGMA user_version") == [(schema,)]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
    assert rows(copy, "SELECT name FROM project") == [("shop",)]
    assert str(copy) in caplog.text
    if os.name == "posix":
        assert (copy.stat().st_mode & 0o077, copy.parent.stat().st_mode & 0o077) == (0, 0)


def test_a_copy_put_back_is_the_older_data_again(tmp_path):
    old_data.lay_out(1, tmp_path)
    start(tmp_path).forge.close()
    shutil.copy(copies(tmp_path)[0], tmp_path / "forge.db")
    assert rows(tmp_path / "forge.db", "PRAGMA user_version") == [(1,)]
    world = start(tmp_path)
    assert [project.name for project in world.forge.store.projects.all()] == ["shop"]
    world.forge.close()


def test_data_that_is_up_to_date_and_a_first_start_leave_no_copy(tmp_path):
    start(tmp_path).forge.close()
    start(tmp_path).forge.close()
    assert copies(tmp_path) == []


def test_the_last_copies_are_kept_and_the_oldest_go(tmp_path, monkeypatch):
    start(tmp_path).forge.close()
    for number in range(NEWEST + 1, NEWEST + 6):
        later = [*migrations(), (number, f"CREATE TABLE later_{number} (id INTEGER) STRICT;")]
        monkeypatch.setattr(database, "migrations", lambda later=later: later)
        monkeypatch.setattr(upgrade, "migrations", lambda later=later: later)
        start(tmp_path).forge.close()
    kept = [int(path.name[7:11]) for path in copies(tmp_path)]
    assert kept == list(range(NEWEST + 5 - upgrade.KEPT, NEWEST + 5))


def test_without_room_for_a_copy_nothing_is_changed(tmp_path, monkeypatch):
    old_data.lay_out(1, tmp_path)

    def full(*_):
        raise Unavailable("The disk is full")

    monkeypatch.setattr(database.Database, "copy", full)
    with pytest.raises(Unavailable, match=r"make room\. Nothing was changed") as caught:
        start(tmp_path)
    assert caught.value.code == "data_folder"
    assert rows(tmp_path / "forge.db", "PRAGMA user_version") == [(1,)]
    backup.tidy(tmp_path)
    assert copies(tmp_path) == []


def test_a_migration_that_fails_leaves_the_older_data_and_its_copy(tmp_path, monkeypatch):
    old_data.lay_out(1, tmp_path)
    broken = [*migrations()[:1], (2, "CREATE TABLE half (id INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);")]
    monkeypatch.setattr(database, "migrations", lambda: broken)
    with pytest.raises(StoreError):
        start(tmp_path)
    assert rows(tmp_path / "forge.db", "PRAGMA user_version") == [(1,)]
    assert rows(tmp_path / "forge.db", "SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == [(0,)]
    assert len(copies(tmp_path)) == 1


@pytest.fixture(params=["ended well", "was killed"])
def newer(request, tmp_path):
    """Data of a newer Forge. If it was killed, the number is still in the write-ahead log."""
    made = tmp_path / "made"
    old_data.lay_out(old_data.schemas()[-1], made)
    writer = sqlite3.connect(made / "forge.db")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("PRAGMA user_version = 9999")
    if request.param == "ended well":
        writer.close()
    data = tmp_path / "data"
    shutil.copytree(made, data)
    writer.close()
    assert (data / "forge.db-wal").exists() == (request.param == "was killed")
    data.chmod(0o700)
    return data


def test_data_of_a_newer_forge_is_refused_with_what_to_do_and_not_a_byte_is_touched(newer):
    before = contents(newer)
    with pytest.raises(StoreError, match=r"schema 9999, .* start the newer Forge\. Nothing was changed\.") as caught:
        start(newer)
    assert caught.value.code == "newer_database"
    after = contents(newer)
    for file in ("lock", "forge.db-shm"):  # what says that we looked, and SQLite's way to read a log
        after.pop(newer / file, None)
        before.pop(newer / file, None)
    assert after == before


def test_the_copy_that_this_forge_could_use_is_named(newer):
    backups = newer / "backups"
    backups.mkdir()
    for name in (f"schema-{NEWEST:04d}-2026-11-25-120000.db", "schema-9998-2026-11-25-130000.db"):
        (backups / name).touch()
    with pytest.raises(StoreError, match=rf"or go back with `forge restore schema-{NEWEST:04d}-2026-11-25-120000\.db`"):
        start(newer)


def tables(file):
    return {name for (name,) in rows(file, "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")}


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_within_each_statement_of_each_migration_the_data_is_of_one_schema_and_whole(tmp_path):
    of_schema = {}
    for schema in old_data.schemas():
        old_data.lay_out(schema, tmp_path / str(schema))
        of_schema[schema] = tables(tmp_path / str(schema) / "forge.db")
    killed, seen = -9, set()
    for number in itertools.count():
        data = tmp_path / f"killed-{number}"
        old_data.lay_out(1, data)
        command = [sys.executable, "-m", "tests.unit.migrating", str(data / "forge.db"), str(number)]
        killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode
        ((schema,),) = rows(data / "forge.db", "PRAGMA user_version")
        assert rows(data / "forge.db", "PRAGMA integrity_check") == [("ok",)]
        assert rows(data / "forge.db", "SELECT count(*) FROM deploy") == [(3,)]
        assert tables(data / "forge.db") == of_schema.get(schema, tables(data / "forge.db"))
        seen.add(schema)
        if killed == 0:
            break
        assert killed == -9
    assert seen == set(range(1, NEWEST + 1))
    assert number > 2 * NEWEST
    start(tmp_path / f"killed-{number // 2}").forge.close()  # and the next start brings it up to date
