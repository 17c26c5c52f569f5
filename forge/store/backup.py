"""A copy of all that Forge knows: whole, of one moment, while Forge runs on."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from forge import __version__
from forge.domain.errors import Unavailable
from forge.domain.secret import Secret
from forge.store import archive
from forge.store.database import Database
from forge.store.secrets import Secrets
from forge.store.wrapping import check_passphrase

PREFIX = ".backup-"


class Passing(io.FileIO):
    """An open backup, to be read once: closing removes it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self.path = path

    @property
    def size(self) -> int:
        """In bytes."""
        return os.fstat(self.fileno()).st_size

    def close(self) -> None:
        super().close()
        self.path.unlink(missing_ok=True)


def take(database: Database, secrets: Secrets, home: str, passphrase: Secret | None = None) -> Path:
    """A backup beside the database, for its owner only; `passphrase` wraps the key in. `home` is the folder's mark.

    Raise Unavailable where there is no room for it, Invalid for a passphrase that is too short. The caller moves the
    file away or removes it; `tidy` does where a Forge could not.
    """
    if passphrase is not None:
        check_passphrase(passphrase)
    copy = _file(database, database.copy)
    try:
        about = archive.About(forge=__version__, made=database.clock(), home=home, schema=database.schema())

        def pack(path: Path) -> None:
            with path.open("wb") as target:
                archive.write(target, copy, about, secrets.vault, passphrase)
                archive.sync(target)

        return _file(database, pack)
    finally:
        copy.unlink(missing_ok=True)


def _file(database: Database, fill: Callable[[Path], None]) -> Path:
    """A new file in the data folder, which nothing is left of if `fill` fails."""
    path: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=PREFIX, dir=database.path.parent)
        os.close(handle)
        path = Path(name)
        fill(path)
    except BaseException as error:
        if path is not None:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise Unavailable(f"There is no room for a backup in the data folder: {error.strerror}") from error
        raise
    return path


def tidy(folder: Path) -> None:
    """Remove what a Forge left that was killed while it made or restored a backup."""
    for path in folder.glob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)
