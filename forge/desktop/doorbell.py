"""One window per data folder: the first listens; whoever comes second rings, and the first comes forward."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from forge.domain.errors import Conflict
from forge.store.lock import FolderLock

_PATIENCE = 2.0  # seconds
_PAUSE = 0.1
_ANSWER = b"ok\n"


class Doorbell:
    """On loopback, opened by a secret that only the owner of the folder can read."""

    def __init__(self, folder: Path) -> None:
        self._lock = FolderLock(folder / "window.lock")
        self._file = folder / "doorbell"
        self._socket: socket.socket | None = None

    def take(self) -> bool:
        """Whether this is the first one. A lock ends with its process, however that ended."""
        try:
            self._lock.take()
        except Conflict:
            return False
        return True

    def take_or_ring(self, tries: int = 100, sleep: Callable[[float], None] = time.sleep) -> bool:
        """True: this is the first one; False: the first one was told. Raise Conflict if it does not answer.

        One that has just begun does not listen yet, and one that is about to end does so no more.
        """
        for _ in range(tries):
            if self.take():
                return True
            if ring(self._file):
                return False
            sleep(_PAUSE)
        raise Conflict(
            f"The window of {self._file.parent} is open, and does not answer: end it first", code="no_answer"
        )

    def answer(self, rung: Callable[[], None]) -> None:
        """Call `rung`, in a thread of its own, whenever somebody rings."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        secret = secrets.token_urlsafe(24)
        self._file.unlink(missing_ok=True)
        self._file.touch(mode=0o600)
        self._file.write_text(f"{self._socket.getsockname()[1]} {secret}", "utf-8")
        threading.Thread(target=self._listen, args=(self._socket, secret, rung), name="doorbell", daemon=True).start()

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who accepts
            self._socket.close()
            self._socket = None
            self._file.unlink(missing_ok=True)
        self._lock.release()

    def _listen(self, listening: socket.socket, secret: str, rung: Callable[[], None]) -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return  # closed
            with caller, contextlib.suppress(OSError):
                caller.settimeout(_PATIENCE)
                said = caller.recv(256).strip()
                if hmac.compare_digest(said, secret.encode()):
                    rung()
                    caller.sendall(_ANSWER)


def ring(file: Path) -> bool:
    """Whether somebody hears it."""
    try:
        port, _, secret = file.read_text("utf-8").partition(" ")
        with socket.create_connection(("127.0.0.1", int(port)), _PATIENCE) as bell:
            bell.settimeout(_PATIENCE)
            bell.sendall(secret.encode() + b"\n")
            return bell.recv(16) == _ANSWER
    except (OSError, ValueError):
        return False  # it has not begun to listen, or what is written is of one that was killed
