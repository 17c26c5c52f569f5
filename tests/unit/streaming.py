"""What the tests of the live stream share: a store, an app, servers on real sockets, a client that reads frames."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from flask import Flask, Response, request
from waitress import wasyncore
from waitress.server import create_server
from werkzeug.serving import WSGIRequestHandler, make_server

from forge.api import topics
from forge.api.hub import STREAM_HEADERS, WAITRESS_SETTINGS, Hub
from forge.domain.errors import Unavailable
from forge.domain.events import Event


class Store:
    """Keeps events; `commit` and publishing are two things, as they are in the real one."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.lock = threading.Lock()

    def bounds(self) -> tuple[int, int]:
        return 1, len(self.kept)

    def replay(self, topic: str, number: int, limit: int) -> list[Event]:
        return [event for event in self.kept[number:] if event.topic == topic][:limit]

    def happen(self, hub: Hub, topic: str = "state", delay: float = 0, **payload: Any) -> Event:
        with self.lock:
            event = Event(type="sighting", payload=payload, at=time.time(), topic=topic, id=len(self.kept) + 1)
            self.kept.append(event)
            time.sleep(delay)
            hub.publish([event])
            return event


def app(hub: Hub) -> Flask:
    app = Flask("streaming")

    @app.get("/api/events")
    def events() -> Response:
        subscription = topics.parse(request.args.get("topics"), request.headers.get("Last-Event-ID"))
        try:
            body = hub.response_body(request.environ, subscription)
        except Unavailable as full:
            return Response(full.message, 503, {"Retry-After": str(full.retry_after)})
        return Response(body, headers=dict(STREAM_HEADERS))

    @app.get("/api/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


@contextmanager
def waitress(hub: Hub) -> Iterator[int]:
    """Serve `hub` as Forge does; gives the port."""
    server = create_server(app(hub), host="127.0.0.1", port=0, **WAITRESS_SETTINGS)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        hub.close()
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(5)
        server.task_dispatcher.shutdown()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def werkzeug(hub: Hub) -> Iterator[int]:
    """Serve `hub` with another WSGI server; gives the port."""
    server = make_server("127.0.0.1", 0, app(hub), threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.port
    finally:
        hub.close()
        server.shutdown()
        thread.join(5)
        server.server_close()


@dataclass
class Got:
    """A frame that arrived."""

    id: str
    type: str
    topic: str
    payload: dict[str, Any]


class Client:
    """Reads a stream; http.client checks the chunks."""

    def __init__(self, port: int, asked: str = "", headers: dict[str, str] | None = None, timeout: float = 5) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.connection.request("GET", f"/api/events?topics={asked}" if asked else "/api/events", headers=headers or {})
        self.response = self.connection.getresponse()

    def frame(self) -> Got | None:
        """The next frame; None at the end of the stream."""
        number = ""
        while line := self.response.readline():
            if line.startswith(b"id: "):
                number = line[4:-1].decode()
            elif line.startswith(b"data: "):
                data = json.loads(line[6:])
                return Got(id=number, type=data["type"], topic=data["topic"], payload=data["payload"])
        return None

    def until(self, type: str) -> Got:
        while (got := self.frame()) and got.type != type:
            pass
        assert got, f"the stream ended before a {type}"
        return got

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def raw(port: int, version: str = "1.1", receive_buffer: int | None = None) -> socket.socket:
    """A connection on which a stream has been asked for and nothing was read."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(5)
    sock.connect(("127.0.0.1", port))
    sock.sendall(f"GET /api/events HTTP/{version}\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return sock


def eventually(holds: Callable[[], bool], within: float = 1.0) -> bool:
    """True as soon as `holds()` is; False if it is not within so many seconds."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
