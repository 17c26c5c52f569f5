"""A copy of the database to take away: whole, of one moment, while Forge runs on."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from forge.domain.errors import Unavailable
from forge.store.database import Database

PREFIX = ".backup-"


class Copy(io.FileIO):
    """An open copy, to be read once: closing removes it."""

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


def take(database: Database) -> Copy:
    """A copy beside the database, for its owner only. The file alone, copied under a write-ahead log, would be none.

    Raise Unavailable where there is no room for it.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=PREFIX, dir=database.path.parent)
    except OSError as error:
        raise Unavailable(f"There is no room for a backup in the data folder: {error.strerror}") from error
    os.close(handle)
    path = Path(name)
    try:
        database.copy(path)
        return Copy(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def tidy(folder: Path) -> None:
    """Remove what a Forge left that was killed while it made a copy."""
    for path in folder.glob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)
