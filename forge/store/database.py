"""One SQLite file: connections, migrations, and changes whose events leave in order after the commit."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from forge.domain.errors import ForgeError, Unavailable
from forge.domain.events import Event

BUSY_TIMEOUT = 10.0  # seconds a write waits for another
_CHECKED = 64 << 20  # bytes of a database that is looked through at each start: 0.1 s
_CLOSING = 5.0  # seconds that closing waits for a thread that reads


class StoreError(ForgeError):
    """The database cannot be used as it is."""

    code = "store"


class StoreUnavailable(Unavailable):
    """The database cannot be used just now: locked, disk full, read-only, an input/output error."""

    code = "store_unavailable"


@contextmanager
def told() -> Iterator[None]:
    """Translate what the database cannot do just now into a sentence."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_ERROR:
            raise  # our own SQL is wrong: no disk is to blame
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            sentence = "The database is locked: another program holds it. Try again when that has ended"
            raise StoreUnavailable(sentence, retry_after=5) from error
        raise StoreUnavailable(
            f"The database cannot be used just now ({error}): check the disk of the data folder", retry_after=5
        ) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a constraint, or a mistake of ours
        raise StoreUnavailable(
            f"The database is damaged ({error}): stop Forge, and start it again: it says how to restore the last backup"
        ) from error


class Change:
    """A write transaction: rows and the events that tell of them, committed together."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._connection = connection
        self.now = now
        self.events: list[Event] = []

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    def emit(self, event: Event) -> Event:
        """Record `event`; it is published after the commit. Returns it with its number."""
        cursor = self.execute(
            "INSERT INTO event (at, topic, type, project, stage, actor, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event.at, event.topic, event.type, event.project, event.stage, event.actor, to_json(event.payload)),
        )
        kept = replace(event, id=int(cursor.lastrowid or 0))
        self.events.append(kept)
        return kept


class _Held:
    """A thread's connection; `busy` while the thread uses it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.thread = threading.current_thread()
        self.busy = threading.RLock()


class Database:
    """The store's ground. One connection per thread; every write begins IMMEDIATE; no network inside a write.

    `publish` gets the events of each change after its commit, in the order of commits.
    """

    def __init__(
        self,
        path: Path,
        publish: Callable[[Sequence[Event]], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.clock = clock
        self._publish = publish
        self._local = threading.local()
        self._all: list[_Held] = []
        self._guard = threading.Lock()
        self._closed = False
        self._order = threading.Lock()

    def open(self, allowed: Callable[[], None] = lambda: None) -> None:
        """Bring the schema up to date. Raise StoreError for a newer or broken file; the file is then untouched.

        `allowed` is asked before an older file is changed, and raises if it must not be.
        """
        self._closed = False
        try:
            with self._use() as connection:
                _check_whole(connection)
                migrate(connection, allowed)
        except (ForgeError, OSError):
            self.close()
            raise
        except sqlite3.DatabaseError as error:
            self.close()
            away = isinstance(error, sqlite3.OperationalError)
            if not away:
                raise _damaged(self.path, str(error)) from error
            do = "See to its disk, and that nothing else has it open"
            raise StoreError(f"The database {self.path} cannot be used: {error}. {do}.") from error

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, which nobody closes meanwhile; raise StoreUnavailable after `close`."""
        self._check_open()
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = self._connect()
        with held.busy:
            self._check_open()
            yield held.connection

    def _check_open(self) -> None:
        """Who is late must not write to a folder that another Forge may hold by now."""
        if self._closed:
            raise StoreUnavailable("The database is closed: Forge is shutting down")

    def _connect(self) -> _Held:
        """A connection for this thread; those of threads that have ended are closed, or they would pile up."""
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.row_factory = sqlite3.Row
        held = _Held(connection)
        with held.busy:  # as soon as it is listed, `close` may want it
            self._list(held)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            # KiB for each thread's; with SQLite's usual 2,000 a busy Forge grew by 30 MB, and the system keeps the file
            connection.execute("PRAGMA cache_size = -256")
        return held

    def _list(self, held: _Held) -> None:
        with self._guard:
            for other in self._all:
                if not other.thread.is_alive():
                    other.connection.close()
            self._all = [held, *(other for other in self._all if other.thread.is_alive())]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows; raise StoreUnavailable."""
        with told(), self._use() as connection:
            return connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row; raise StoreUnavailable."""
        with told(), self._use() as connection:
            found: sqlite3.Row | None = connection.execute(sql, values).fetchone()
        return found

    @contextmanager
    def change(self) -> Iterator[Change]:
        """A write transaction; rolled back if the block raises. Not to be nested. Raise StoreUnavailable."""
        # `_order` until the events are out: commits and publishing keep one order
        with self._order, told(), self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            change = Change(connection, self.clock())
            try:
                yield change
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            if change.events:
                self._publish(change.events)

    def schema(self) -> int:
        """The number of the last migration that it had; raise StoreUnavailable."""
        found = self.row("PRAGMA user_version")
        return int(found[0]) if found else 0

    def copy(self, path: Path) -> None:
        """Write all of it, as it is at one moment, to `path`: an empty file, or none. Writers go on meanwhile.

        Raise StoreUnavailable.
        """
        with told(), self._use() as connection:
            connection.execute("VACUUM INTO ?", (str(path),))

    def announce(self, event: Event) -> None:
        """Publish an event that is not kept, between changes."""
        with self._order:
            self._publish([event])

    def close(self) -> None:
        """Fold the write-ahead log in and close every thread's connection, once the thread is done with it."""
        with self._order, self._guard:
            self._closed = True
            for held in self._all:
                if held.busy.acquire(timeout=_CLOSING):  # closing it under a thread's hands can crash the process
                    held.connection.close()
                    held.busy.release()
            self._all.clear()
            self._local = threading.local()


def _check_whole(connection: sqlite3.Connection) -> None:
    """Raise StoreError if pages do not fit together. It reads all of it: a large one is left to the daily backup."""
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if pages * size <= _CHECKED:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
            raise _damaged(path, " ".join(str(found).split()))


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(f"The database {path} is damaged: {why}. Nothing was changed.", code="damaged_database")


def migrations() -> list[tuple[int, str]]:
    """The numbered scripts in order: (number, text)."""
    folder = resources.files("forge.store") / "migrations"
    scripts = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [(int(item.name[:4]), item.read_text("utf-8")) for item in scripts]


def migrate(connection: sqlite3.Connection, allowed: Callable[[], None] = lambda: None) -> None:
    """Run what is missing, each script in one transaction, counted by `PRAGMA user_version`."""
    scripts = migrations()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > scripts[-1][0]:
        raise StoreError(
            f"This data folder was written by a newer Forge (schema {version}, this one knows {scripts[-1][0]}): "
            "start the newer Forge. Nothing was changed.",
            code="newer_database",
        )
    if 0 < version < scripts[-1][0]:
        allowed()
    for number, script in scripts:
        if number > version:
            _run(connection, number, script)


def _run(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] < number:
            for statement in statements(script):  # executescript would commit
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def statements(script: str) -> Iterator[str]:
    """Cut a script at the semicolons that end a statement."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending  # a last statement without its semicolon must not be lost in silence


def to_json(value: Any) -> str:
    """JSON as it is kept; dataclasses and enums allowed."""
    return msgspec.json.encode(value).decode()


def from_json(text: str) -> Any:
    return msgspec.json.decode(text)
