"""A small HTTP server in a thread that answers as a test says: a target, or a part that misbehaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from forge.domain.route import Target


@dataclass(frozen=True)
class Asked:
    """What was asked; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class SmallServer:
    """Listens on 127.0.0.1 from construction to close(); `asked` is every request so far."""

    def __init__(self, answer: Callable[[Asked], Told], port: int = 0) -> None:
        self.asked: list[Asked] = []
        self._server = _Server(("127.0.0.1", port), _handler(answer, self.asked))
        self.target = Target("127.0.0.1", self._server.server_address[1])
        self.url = f"http://{self.target}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that goes away is part of the tests."""


def _handler(answer: Callable[[Asked], Told], asked: list[Asked]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: two of them cost 40 ms of delayed acknowledgement

        def do(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            asked.append(Asked(self.command, self.path, headers, body))
            told = answer(asked[-1])
            self.send_response(told.status)
            closes = {"Connection": "close"} if headers.get("connection") == "close" else {}  # as servers say it
            for name, value in {"Content-Length": str(len(told.body)), **closes, **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do  # noqa: N815  http.server asks for these names

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
