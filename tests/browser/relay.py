"""A line that can be cut: between a browser and Forge, or an engine and its registry."""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import suppress
from typing import Self

CHUNK = 1 << 16
STREAM = b"GET /api/events"


class Relay:
    """`url` leads to 127.0.0.1:`port` until `cut`: every connection breaks, new ones are refused, until `mend`.

    `target` may be changed: new connections then lead there. `carried` counts bytes; after each piece of them it rests
    for `pause` seconds.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.pause, self.carried = 0.0, 0
        self._listening = _listen(0)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._streaming: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._accept()

    def cut(self) -> None:
        with suppress(OSError):  # wakes the thread that accepts
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._listening = _listen(self.port)
        self._accept()

    def streams(self) -> int:
        """Connections that carry an event stream now."""
        with self._lock:
            return len(self._streaming)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.cut()

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=(self._listening,), daemon=True).start()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:  # nobody is there now
                near.close()
                continue
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with self._lock:
            self._open |= {near, far}
        try:
            while True:
                for one in select.select((near, far), (), ())[0]:
                    data = one.recv(CHUNK)
                    if not data:
                        return
                    if data.startswith(STREAM):
                        with self._lock:
                            self._streaming.add(near)
                    (far if one is near else near).sendall(data)
                    self.carried += len(data)
                    time.sleep(self.pause)
        except OSError:
            return
        finally:
            with self._lock:
                self._open -= {near, far}
                self._streaming.discard(near)
            near.close()
            far.close()


def _listen(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(64)
    return made
