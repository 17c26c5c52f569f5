"""A setting of Linux that the tests need while they run: kept by whoever runs, put back by the last of them."""

from __future__ import annotations

import fcntl
import os
import tempfile
from io import FileIO
from pathlib import Path

MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")


class Migration:
    """`net.ipv4.tcp_migrate_req=1` from start() to stop(), where we may write it; else nothing happens.

    Caddy opens its port anew at every change of its configuration. Without the setting Linux then resets connections
    that wait at the old one (docs of the kernel, ip-sysctl: tcp_migrate_req).
    """

    def __init__(self, setting: Path = MIGRATE, note: Path | None = None) -> None:
        self._setting = setting
        self._note = note or Path(tempfile.gettempdir(), "forge-parts.tcp_migrate_req")
        self._held: FileIO | None = None

    def start(self) -> None:
        """The first one notes what it was; each holds a shared lock on that note."""
        if self._held is None and os.access(self._setting, os.W_OK):
            while self._held is None:
                self._held = self._enter()

    def _enter(self) -> FileIO | None:
        """None if the last of the others took the note away meanwhile."""
        note = FileIO(os.open(self._note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+")
        first = _lock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not first:
            fcntl.flock(note, fcntl.LOCK_SH)
        if not self._is_there(note):
            note.close()
            return None
        if first:
            if not note.read():  # it is there already if whoever wrote it was killed
                note.write(self._setting.read_bytes())
            self._setting.write_text("1\n")
            fcntl.flock(note, fcntl.LOCK_SH)
        return note

    def _is_there(self, note: FileIO) -> bool:
        return self._note.exists() and os.path.samestat(os.fstat(note.fileno()), self._note.stat())

    def stop(self) -> None:
        """The last one puts back what was noted."""
        note, self._held = self._held, None
        if note is None:
            return
        with note:
            if _lock(note, fcntl.LOCK_EX | fcntl.LOCK_NB):
                note.seek(0)
                self._setting.write_bytes(note.read())
                self._note.unlink()


def _lock(note: FileIO, how: int) -> bool:
    try:
        fcntl.flock(note, how)
    except BlockingIOError:
        return False
    return True
