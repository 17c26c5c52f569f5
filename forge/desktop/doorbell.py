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


def ring(folder: Path, patience: float = 10.0, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether the first one heard it; one that has just begun is given `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        if _ring_once(folder / "doorbell"):
            return True
        if time.monotonic() >= end:
            return False
        sleep(0.1)


def _ring_once(file: Path) -> bool:
    try:
        port, _, secret = file.read_text("utf-8").partition(" ")
        with socket.create_connection(("127.0.0.1", int(port)), _PATIENCE) as bell:
            bell.settimeout(_PATIENCE)
            bell.sendall(secret.encode() + b"\n")
            return bell.recv(16) == _ANSWER
    except (OSError, ValueError):
        return False  # it has not begun to listen, or what is written is of one that was killed
