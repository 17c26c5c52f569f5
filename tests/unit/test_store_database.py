"""The ground of the store: nothing lost, nothing by half, everything in order."""

import sqlite3
import threading
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import ForgeError
from forge.domain.events import Event
from forge.store import database as module
from forge.store.database import Database, StoreError, StoreUnavailable, migrate, migrations, statements
from tests.unit.storing import Clock, open_store


@pytest.fixture
def heard():
    return []


@pytest.fixture
def database(tmp_path, heard):
    made = Database(tmp_path / "forge.db", heard.extend, Clock())
    made.open()
    yield made
    made.close()


def event(number=0):
    return Event(type="sighting", payload={"number": number}, at=1.0)


def raw(path):
    return sqlite3.connect(path)


# ---- changes


def test_many_threads_that_read_and_then_write_lose_nothing(database):
    """The measured reason for BEGIN IMMEDIATE: deferred ones lost four of ten."""
    with database.change() as change:
        change.execute("INSERT INTO preference (name, value) VALUES ('n', '0')")
    errors = []

    def count():
        try:
            for _ in range(40):
                with database.change() as change:
                    (now,) = change.execute("SELECT value FROM preference WHERE name = 'n'").fetchone()
                    change.execute("UPDATE preference SET value = ?", (str(int(now) + 1),))
        except (ForgeError, sqlite3.Error) as error:
            errors.append(error)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert database.row("SELECT value FROM preference")["value"] == "320"


def test_events_are_published_in_the_order_of_their_commits(database, heard):
    def write():
        for number in range(60):
            with database.change() as change:
                change.emit(event(number))

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.id for e in heard] == list(range(1, 361))


def test_events_are_published_after_the_commit(tmp_path):
    seen = []
    database = Database(tmp_path / "forge.db", lambda events: seen.append(_rows(tmp_path)))
    database.open()
    with database.change() as change:
        change.emit(event())
        assert seen == []
    assert seen == [1]
    database.close()


def _rows(folder):
    other = raw(folder / "forge.db")
    try:
        return other.execute("SELECT count(*) FROM event").fetchone()[0]
    finally:
        other.close()


def test_a_change_that_raises_leaves_nothing_and_tells_nobody(database, heard):
    with pytest.raises(KeyError):
        _raise_in_a_change(database)
    assert database.row("SELECT * FROM preference") is None
    assert database.row("SELECT * FROM event") is None
    assert heard == []
    with database.change() as change:
        assert change.emit(event()).id == 1


def _raise_in_a_change(database):
    with database.change() as change:
        change.execute("INSERT INTO preference (name, value) VALUES ('n', '0')")
        change.emit(event())
        raise KeyError


def test_what_is_announced_is_not_kept(database, heard):
    database.announce(event(7))
    assert [(e.id, e.payload["number"]) for e in heard] == [(0, 7)]
    assert database.row("SELECT * FROM event") is None


def test_a_change_has_one_time(tmp_path):
    clock = Clock(5.0)
    store = open_store(tmp_path, clock=clock)
    with store.database.change() as change:
        clock.now = 9.0
        assert change.now == 5.0
    store.database.close()


# ---- what is away


def test_a_locked_database_is_a_sentence_and_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BUSY_TIMEOUT", 0.01)
    database = Database(tmp_path / "forge.db")
    database.open()
    other = raw(database.path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked") as raised, database.change():
        pass
    assert raised.value.retry_after
    other.execute("ROLLBACK")
    other.close()
    with database.change() as change:
        change.execute("INSERT INTO preference (name, value) VALUES ('n', '0')")
    database.close()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(database, heard):
    with database.change() as change:
        pages = change.execute("PRAGMA page_count").fetchone()[0]
    database.rows(f"PRAGMA max_page_count = {pages + 2}")
    large = Event(type="sighting", payload={"text": "x" * 100_000}, at=1.0)
    with pytest.raises(StoreUnavailable, match="full"), database.change() as change:
        change.emit(large)
    assert heard == []
    database.rows("PRAGMA max_page_count = 1000000")
    with database.change() as change:
        assert change.emit(event()).id == 1


def test_a_mistake_in_our_own_sql_is_not_blamed_on_the_disk(database):
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        database.rows("SELECT colour FROM event")
    with pytest.raises(sqlite3.IntegrityError), database.change() as change:
        change.execute("INSERT INTO stage (project, name, position, configuration) VALUES ('a', 'b', 1, '{}')")


def test_threads_that_ended_leave_no_connection_behind(database):
    """Each deploy has a thread of its own: a thousand of them must not hold a thousand files open."""
    before = _open_files(database)
    for _ in range(30):
        thread = threading.Thread(target=database.rows, args=("SELECT 1",))
        thread.start()
        thread.join()
    assert _open_files(database) <= before + 6  # the last of them, and its write-ahead log


def _open_files(database):
    links = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum(link.name.startswith(database.path.name) for link in links)


def test_closing_while_another_thread_reads_breaks_nothing(tmp_path):
    database = Database(tmp_path / "forge.db")
    database.open()
    long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
    answers, begun = [], threading.Event()

    def read():
        begun.set()
        try:
            answers.append(database.row(long)[0])
        except StoreUnavailable as error:
            answers.append(error.message)

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait()
    database.close()
    thread.join()
    assert answers in ([300000], ["The database is closed: Forge is shutting down"])


def test_after_closing_nobody_reaches_the_file_any_more(database):
    database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        database.rows("SELECT 1")
    with pytest.raises(StoreUnavailable, match="closed"), database.change():
        pass
    assert not database.path.with_name("forge.db-wal").exists()
    database.open()
    assert database.rows("SELECT 1")


# ---- opening


def test_a_newer_schema_is_refused_with_a_sentence_and_the_file_is_untouched(tmp_path):
    Database(tmp_path / "forge.db").open()
    path = tmp_path / "forge.db"
    newer = raw(path)
    newer.execute("PRAGMA user_version = 9999")
    newer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer Forge"):
        Database(path).open()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look", b"\x00" * 8192, b"x" * 5000])
def test_a_corrupt_file_is_refused_with_a_sentence_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "forge.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"is damaged: .*Nothing was changed"):
        Database(path).open()
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_opened_is_a_sentence_about_the_disk(tmp_path):
    (tmp_path / "forge.db").mkdir()
    with pytest.raises(StoreError, match="cannot be used") as raised:
        Database(tmp_path / "forge.db").open()
    assert "Restore" not in raised.value.message


def test_migrations_run_once_and_opening_again_changes_nothing(database):
    scripts = migrations()
    assert [number for number, _ in scripts] == list(range(1, len(scripts) + 1))
    assert database.row("PRAGMA user_version")[0] == scripts[-1][0]
    schema = [tuple(row) for row in database.rows("SELECT name, sql FROM sqlite_schema")]
    with database._use() as connection:
        migrate(connection)
    assert [tuple(row) for row in database.rows("SELECT name, sql FROM sqlite_schema")] == schema


def test_a_migration_that_fails_leaves_the_schema_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "migrations", lambda: [(1, "CREATE TABLE a (x);\nCREATE TABLE a (x);\n")])
    with pytest.raises(StoreError):
        Database(tmp_path / "forge.db").open()
    other = raw(tmp_path / "forge.db")
    assert other.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    assert other.execute("PRAGMA user_version").fetchone()[0] == 0
    other.close()


def test_two_that_open_at_once_migrate_once(tmp_path):
    errors = []

    def begin():
        made = Database(tmp_path / "forge.db")
        try:
            made.open()
        except StoreError as error:
            errors.append(error)
        made.close()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_every_table_is_strict_and_foreign_keys_hold(database):
    tables = database.rows(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'"
    )
    assert {row["name"]: row["strict"] for row in tables if not row["strict"]} == {}
    assert len(tables) > 10
    assert database.row("PRAGMA foreign_keys")[0] == 1
    assert database.row("PRAGMA journal_mode")[0] == "wal"


# ---- cutting scripts


def test_a_script_is_cut_where_its_statements_end():
    script = (
        "-- a; b\nCREATE TABLE a (x TEXT DEFAULT ';');\n\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\nEND;\n"
    )
    assert [text.split()[0] for text in statements(script)] == ["--", "CREATE"]
    made = sqlite3.connect(":memory:")
    for statement in statements(script):
        made.execute(statement)
    assert {row[0] for row in made.execute("SELECT name FROM sqlite_schema")} == {"a", "t"}
    made.close()


def test_a_last_statement_without_its_semicolon_is_not_lost():
    assert [text.strip() for text in statements("CREATE TABLE a (x);\nCREATE TABLE b (x)")][-1] == "CREATE TABLE b (x)"


@given(st.lists(st.sampled_from(["CREATE TABLE a (x);\n", "-- a comment\n", "\n", "INSERT INTO a VALUES (';');\n"])))
def test_nothing_of_a_script_is_lost(parts):
    script = "".join(parts)
    assert "".join(statements(script)).strip() == script.strip()


def test_our_migrations_are_plain_files_in_the_package():
    names = sorted(item.name for item in (resources.files("forge.store") / "migrations").iterdir())
    assert all(name[:4].isdigit() and name.endswith(".sql") for name in names if not name.startswith("_"))


def test_a_copy_has_what_was_committed(database, tmp_path):
    with database.change() as change:
        change.execute("INSERT INTO preference (name, value) VALUES ('n', '7')")
    database.copy(tmp_path / "copy.db")
    assert raw(tmp_path / "copy.db").execute("SELECT value FROM preference").fetchall() == [("7",)]
    with pytest.raises(StoreUnavailable):
        database.copy(tmp_path / "no" / "folder.db")
