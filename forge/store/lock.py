"""One Forge per data folder: a lock that the operating system lets go of when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from forge.domain.errors import Conflict


class FolderLock:
    """Held from `take` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def take(self) -> None:
        """Raise Conflict if another process holds it."""
        file = self._path.open("a+b")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise Conflict(
                f"Another Forge runs on {self._path.parent}: use it, stop it, or choose another folder with --data",
                code="already_running",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(1 << 20)  # past what is written, so that others may still read it
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
