"""Restoring a backup: proven first, what is there is kept, and one rename puts it in place.

Whenever it is killed, the folder has the data of before or of the backup, whole, with a key that opens it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from forge.domain.errors import Conflict, Invalid, NotFound, Unavailable
from forge.domain.secret import Secret
from forge.settings import Settings, prepare
from forge.store import archive, backup, shelf
from forge.store.archive import Damaged
from forge.store.database import StoreError, migrations, to_json
from forge.store.lock import FolderLock
from forge.store.secrets import CHECK
from forge.vault import Vault, VaultError, make_key_file, open_vault, rotate, sync_folder

RESTORED = "_restored"  # the preference that the next start goes by: see deploy.restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What is in place now: `made` in unix seconds, None where the file does not say; `home`: the mark that it brought
    along; `safety`: what was there before, None if nothing was.
    """

    made: float | None
    home: str
    projects: int
    secrets: int
    safety: Path | None = None


def restore(
    file: Path,
    settings: Settings,
    passphrase: Secret | None = None,
    *,
    clock: Callable[[], float] = time.time,
    checkpoint: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Put the backup `file` in the place of the data folder's database. Nothing is done unless it is all right.

    Raise Conflict while a Forge runs there, Damaged, StoreError of a newer schema, VaultError, Invalid, Unavailable.
    `checkpoint` is for tests: breaking off on purpose.
    """
    file = file.absolute()
    prepare(settings)
    with _locked(settings):
        backup.tidy(settings.data)
        try:
            with _beside(settings.data) as fresh:
                made, vault = _unpack(file, settings, passphrase, fresh)
                checkpoint("unpacked")
                _check(fresh, vault)
                found = _ready(fresh, vault, _own(settings) or vault, clock())
                checkpoint("checked")
                _bring_key(settings, vault)
                checkpoint("key")
                safety = _keep(settings, clock(), checkpoint)
                checkpoint("kept")
                fresh.replace(settings.database)
                checkpoint("swapped")
                sync_folder(settings.data)
        except OSError as error:
            raise Unavailable(f"The data folder {settings.data} cannot be written: {error.strerror}") from error
    return replace(found, made=made, safety=safety)


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    lock = FolderLock(settings.lock_file)
    try:
        lock.take()
    except Conflict as error:
        raise Conflict(
            f"Forge runs on {settings.data}: stop it, restore, and start it again. Nothing was done.", code=error.code
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _beside(data: Path) -> Iterator[Path]:
    """A new file in the data folder, for its owner only; gone afterwards unless it was moved."""
    handle, name = tempfile.mkstemp(prefix=backup.PREFIX, dir=data)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            Path(name + end).unlink(missing_ok=True)


# ---- the backup


def _own(settings: Settings) -> Vault | None:
    """The key of this data folder; None if it has none."""
    if settings.encryption_key is None and not settings.key_file.exists():
        return None
    return open_vault(
        settings.key_file, key=settings.encryption_key, old=settings.encryption_key_old, first_start=False
    )


def _unpack(file: Path, settings: Settings, passphrase: Secret | None, fresh: Path) -> tuple[float | None, Vault]:
    """Write the database to `fresh`; when the backup was made, and what opens its secrets."""
    own = _own(settings)
    if archive.is_database(file):
        if own is None:
            raise VaultError(
                f"A bare database has no key in it: put the vault.key that belongs to it into {settings.data}, or set "
                "FORGE_ENCRYPTION_KEY. Nothing was done."
            )
        shutil.copyfile(file, fresh)
        return None, own
    opened = archive.unseal(file, passphrase=passphrase, own=own)
    with fresh.open("wb") as target:
        archive.unpack(opened, target)
        archive.sync(target)
    return opened.header.made, opened.vault


def _check(fresh: Path, vault: Vault) -> None:
    """Raise Damaged, StoreError for a newer schema, VaultError for another key."""
    newest = migrations()[-1][0]
    try:
        with _connected(fresh) as connection:
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            if schema > newest:
                raise StoreError(
                    f"The backup is of a newer Forge (schema {schema}, this one knows {newest}): restore it with that "
                    "one. Nothing was done.",
                    code="newer_database",
                )
            whole = connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            if not whole or not schema or connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise Damaged("The database in the backup is damaged: take another backup. Nothing was done.")
            row = connection.execute("SELECT sealed FROM secret WHERE place = ?", (CHECK,)).fetchone()
            home = connection.execute("SELECT 1 FROM preference WHERE name = '_home'").fetchone()
    except sqlite3.DatabaseError as error:
        raise Damaged(f"The database in the backup cannot be read ({error}). Nothing was done.") from error
    if row is None or home is None:
        raise Damaged("The backup is of a data folder that was never started. Nothing was done.")
    vault.check(row[0])


def _ready(fresh: Path, vault: Vault, own: Vault, now: float) -> Restored:
    """Seal its secrets with the data folder's own key, if that is another, and leave word for the next start."""
    with _connected(fresh) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # it must stand alone
        connection.execute("BEGIN IMMEDIATE")
        rows = connection.execute("SELECT place, sealed FROM secret").fetchall()
        if own is not vault:
            for place, sealed in rotate(vault, own, rows):
                connection.execute("UPDATE secret SET sealed = ? WHERE place = ?", (sealed, place))
        engines = [name for (name,) in connection.execute("SELECT name FROM connection WHERE kind = 'engine'")]
        word = {"at": now, "settled": False, "engines": engines}
        connection.execute("INSERT OR REPLACE INTO preference VALUES (?, ?)", (RESTORED, to_json(word)))
        (projects,) = connection.execute("SELECT count(*) FROM project").fetchone()
        (home,) = connection.execute("SELECT value FROM preference WHERE name = '_home'").fetchone()
        connection.execute("COMMIT")
    with fresh.open("r+b") as file:
        archive.sync(file)
    return Restored(made=None, home=home.strip('"'), projects=projects, secrets=len(rows) - 1)


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


# ---- the data folder


def _bring_key(settings: Settings, vault: Vault) -> None:
    """A folder without a key gets the backup's."""
    if settings.encryption_key is None and not settings.key_file.exists():
        make_key_file(settings.key_file, vault.keys)


def _keep(settings: Settings, now: float, checkpoint: Callable[[str], None]) -> Path | None:
    """What is there, as a file on the shelf; the database then stands alone, so that no log of its is read into the
    one that takes its place.
    """
    database = settings.database
    if not database.exists():
        return None
    safety = _free(shelf.folder_of(settings.data), now)
    log, its_log = (path.with_name(f"{path.name}-wal") for path in (database, safety))
    if log.exists():
        _copy(log, its_log)  # before SQLite looks at it: of a damaged database it would throw it away
    if _fold(database):
        its_log.unlink(missing_ok=True)
    checkpoint("folded")
    try:
        os.link(database, safety)  # the same file under a second name costs no room
    except OSError:
        _copy(database, safety)
    sync_folder(safety.parent)
    checkpoint("linked")
    for name in (log.name, f"{database.name}-shm"):
        (settings.data / name).unlink(missing_ok=True)
    return safety


def _fold(database: Path) -> bool:
    """Whether all that its write-ahead log says is in the database itself now; not of a damaged one."""
    try:
        with _connected(database) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
    except sqlite3.DatabaseError:
        return False


def _free(folder: Path, now: float) -> Path:
    """A name that nothing has."""
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y-%m-%d-%H%M%S", time.localtime(now))
    names = (f"before-restore-{stamp}{more}.db" for more in ("", *(f"-{number}" for number in range(2, 1000))))
    return next(folder / name for name in names if not (folder / name).exists())


def _copy(source: Path, copy: Path) -> None:
    """For its owner only, and on the disk."""
    copy.touch(mode=0o600)
    shutil.copyfile(source, copy)
    with copy.open("r+b") as file:
        archive.sync(file)


def find(data: Path, name: str) -> Path:
    """`name` as a file, else as a backup on the shelf of `data`; raise Invalid."""
    path = Path(name)
    if path.exists():
        return path
    try:
        return shelf.find(data, name)
    except NotFound:
        raise Invalid(f"There is no file {name}, and no backup of that name in {shelf.folder_of(data)}") from None
