"""What an upgrade begins with: data of a newer Forge is left alone, data of an older one is copied first."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
import tempfile
import time
from pathlib import Path

from forge.domain.errors import Unavailable
from forge.store.backup import PREFIX
from forge.store.database import Database, StoreError, migrations

_log = logging.getLogger(__name__)
KEPT = 3  # copies; the oldest go


def folder_of(database: Path) -> Path:
    """Where the copies are."""
    return database.parent / "backups"


def refuse_newer(database: Path) -> None:
    """Raise StoreError if a newer Forge wrote it. Nothing is written, not even what lies in its write-ahead log."""
    known = _newest()
    found = _schema(database)
    if found <= known:
        return
    copies = [path for path in _copies(database) if _schema_in(path) <= known]
    way_back = f", or go back with `forge restore {copies[-1].name}`" if copies else ""
    raise StoreError(
        f"This data folder was written by a newer Forge (schema {found}, this one knows {known}): "
        f"start the newer Forge{way_back}. Nothing was changed.",
        code="newer_database",
    )


def keep_copy(database: Database) -> None:
    """Copy what is about to be migrated, for its owner only; the last KEPT are kept. Raise Unavailable for no room."""
    version = _schema(database.path)
    folder = folder_of(database.path)
    moment = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(database.clock()))
    copy = folder / f"schema-{version:04d}-{moment}.db"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=PREFIX, dir=database.path.parent)  # one that is cut off is tidied
        try:
            database.copy(Path(part))
            os.fsync(handle)
        finally:
            os.close(handle)
        Path(part).replace(copy)
    except (OSError, Unavailable) as error:
        raise Unavailable(
            f"An older Forge's data (schema {version}) is copied to {folder} before it is brought up to date, and "
            f"there that cannot be done ({error}): make room. Nothing was changed.",
            code="data_folder",
        ) from error
    _log.info("The data is brought from schema %d to %d; as it was, it is kept in %s", version, _newest(), copy)
    for past in _copies(database.path)[:-KEPT]:
        past.unlink(missing_ok=True)


def _newest() -> int:
    return migrations()[-1][0]


def _copies(database: Path) -> list[Path]:
    """The oldest first."""
    found = folder_of(database).glob("schema-*.db")
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def _schema_in(copy: Path) -> int:
    number = re.match(r"schema-(\d+)", copy.name)
    return int(number[1]) if number else 0


def _schema(database: Path) -> int:
    """0 for none; what cannot be read is for Database.open to tell."""
    alone = not database.with_name(f"{database.name}-wal").exists()  # then reading it needs no file beside it
    uri = f"{database.as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
