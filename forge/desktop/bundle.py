"""The folder that the frozen file unpacks itself into: its loader removes it, unless the loader was killed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_UNPACKED = "_MEI"  # how PyInstaller's loader names its folders


@contextlib.contextmanager
def tidied(note: Path) -> Iterator[None]:
    """Remove what a killed Forge left, end with the loader, and leave nothing; `note` keeps where things are.

    From source there is no such folder. To be used by the one Forge that holds the data folder's window.
    """
    folder = getattr(sys, "_MEIPASS", None)
    if folder is None:
        yield
        return
    _remove_left(note, Path(folder))
    note.write_text(folder, "utf-8")
    loader = os.getppid()
    _end_with_the_loader()
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
        if os.name == "posix" and os.getppid() != loader:
            shutil.rmtree(folder, ignore_errors=True)  # nobody else will


def _remove_left(note: Path, ours: Path) -> None:
    with contextlib.suppress(OSError):
        left = Path(note.read_text("utf-8"))
        if left.name.startswith(_UNPACKED) and left != ours and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def _end_with_the_loader() -> None:
    """A loader that is killed tells nobody: the server would go on without anything to be stopped by."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
