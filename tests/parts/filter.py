"""A socket in front of Docker's, that lets through what docs/docker-endpoints.md lists, and refuses the rest."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from pathlib import Path
from typing import Self

DOCUMENT = Path(__file__).parents[2] / "docs" / "docker-endpoints.md"
Endpoint = tuple[str, str]
_REFUSED = b'HTTP/1.1 %d Refused\r\nContent-Length: 32\r\nConnection: close\r\n\r\n{"message":"the filter refuses"}'


def documented() -> list[Endpoint]:
    """What the document says: method and path pattern."""
    return re.findall(r"`(GET|POST|PUT|DELETE|HEAD) (/\S+)`", DOCUMENT.read_text("utf-8"))


def row_of(method: str, path: str) -> Endpoint | None:
    """The row of the document that covers a request; the one that fits best."""
    path = re.sub(r"^/v\d+\.\d+/", "/V/", path.partition("?")[0])
    fitting = [row for row in documented() if row[0] == method and _fits(row[1], path)]
    return min(fitting, key=lambda row: row[1].count("{"), default=None)


def _fits(pattern: str, path: str) -> bool:
    # an image's name has slashes, all other names have none
    name = ".+" if pattern.startswith("/V/images/") else "[^/]+"
    return re.fullmatch(re.escape(pattern).replace(r"\{id\}", "[^/]+").replace(r"\{name\}", name), path) is not None


class Filter:
    """Listens at `url` in front of `engine` (unix://…). `used` are rows, `refused` what had none.

    `busy`: as many removals are carried out and answered as if somebody else were at it already.
    """

    def __init__(self, folder: Path, engine: str) -> None:
        self.url = f"unix://{folder}/filter.sock"
        self.used: set[Endpoint] = set()
        self.refused: list[Endpoint] = []
        self.busy = 0
        self._engine = engine.removeprefix("unix://")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(self.url.removeprefix("unix://"))
        self._listening.listen(64)
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in tuple(self._open):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request a connection: both sides are told that it is closed after."""
        self._open.add(client)
        with client, contextlib.suppress(OSError):
            head, rest = _head(client)
            if not head:
                return
            method, path, _ = head.split("\r\n")[0].split(" ", 2)
            row = row_of(method, path)
            if row is None:
                self.refused.append((method, path))
                client.sendall(_REFUSED % 403)
                return
            self.used.add(row)
            self._forward(client, head, rest, busy=row == ("DELETE", "/V/containers/{id}") and self._take_busy())
        self._open.discard(client)

    def _take_busy(self) -> bool:
        self.busy -= 1
        return self.busy >= 0

    def _forward(self, client: socket.socket, head: str, rest: bytes, *, busy: bool) -> None:
        with socket.socket(socket.AF_UNIX) as engine:
            self._open.add(engine)
            engine.connect(self._engine)
            lines = [line for line in head.split("\r\n") if not line.lower().startswith("connection:")]
            engine.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + rest)
            threading.Thread(target=_pump, args=(client, engine), daemon=True).start()
            if busy:
                while engine.recv(65536):
                    pass
                client.sendall(_REFUSED % 409)
            else:
                _pump(engine, client)
            self._open.discard(engine)


def _head(client: socket.socket) -> tuple[str, bytes]:
    """The first lines of a request, and what came of its body."""
    came = b""
    while b"\r\n\r\n" not in came:
        more = client.recv(65536)
        if not more:
            return "", b""
        came += more
    head, _, rest = came.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
