"""The bake and the drain: who fails people goes back by itself, and nobody who is inside is thrown out."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.route import Route, Target
from forge.http import Session
from forge.proxies.caddy import CaddyProxy
from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
PAGE = "/cgi-bin/page"


def test_an_image_that_answers_500_after_a_while_is_taken_back_and_nobody_had_to_look(house, record_property):
    forge = house.forge
    health = {"kind": "tcp", "path": PAGE, "timeout": 20}  # its port stays well: only people would notice
    house.project("later", stage("dev", bake=60), health=health)
    images.push(house.registry, "later", "dev-1")
    images.push(house.registry, "later", "dev-2", kind="failing_later")
    assert forge.deploy("later/dev", "dev-1")["status"] == "succeeded"
    container = forge.the_instance("later/dev")["container"]
    failed = forge.deploy("later/dev", "dev-2")
    steps = {step["name"]: step for step in failed["steps"]}
    assert (failed["status"], failed["failed_step"]) == ("failed", "bake")
    assert steps["bake"]["ended"] - steps["wait until healthy"]["ended"] > 3, "it was healthy for some seconds"
    assert failed["failure"].endswith("requests through the proxy failed: 500 from the new instance")
    back = steps["switch route"]["ended"] - steps["bake"]["ended"]
    record_property("back after", f"{back:.2f} s")
    print(f"{failed['measured']['failed']} of {failed['measured']['sent']} requests failed, back after {back:.2f} s")
    assert back < 2
    assert house.page("dev-later", PAGE)[1] == "dev-1\n"
    assert (forge.the_instance("later/dev")["container"], forge.serving("later/dev")) == (container, ["dev-1"])


def test_a_request_of_8_seconds_that_the_old_one_began_ends_well_while_it_drains(house):
    forge = house.forge
    house.project("drained", stage("dev", drain=9, stop_timeout=1))
    for tag in ("dev-1", "dev-2"):
        images.push(house.registry, "drained", tag, kind="slow_requests")
    assert forge.deploy("drained/dev", "dev-1")["status"] == "succeeded"
    got: list[tuple[int, str]] = []
    inside = threading.Thread(target=lambda: got.append(house.page("dev-drained", "/cgi-bin/slow?8")))
    inside.start()
    time.sleep(0.3)  # until it is with the old one
    began = time.time()
    steps = {step["name"]: step for step in forge.deploy("drained/dev", "dev-2")["steps"]}
    inside.join()
    assert got == [(200, "dev-1 was slow\n")]
    assert steps["switch route"]["ended"] - began < 7.5, "it was still inside when people were led elsewhere"


# ---- streams through Caddy, while another project is deployed


class Streaming(http.server.BaseHTTPRequestHandler):
    """A websocket, or server-sent events: ten ticks a second for as long as anybody listens."""

    def do_GET(self) -> None:
        websocket = self.headers.get("Upgrade") == "websocket"
        self.send_response_only(101 if websocket else 200)
        self.send_header("Content-Type", "text/event-stream")
        if websocket:
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
        self.end_headers()
        tick = b"\x81\x04tick" if websocket else b"data: tick\n\n"
        try:
            while True:
                self.wfile.write(tick)
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


class Listener:
    """Somebody with a stream of `domain` open; `ticks` that came, `over` once it was ended by the other side."""

    def __init__(self, port: int, domain: str, *, websocket: bool) -> None:
        self.ticks, self.over = 0, False
        asks = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(f"GET / HTTP/1.1\r\nHost: {domain}\r\n{asks if websocket else ''}\r\n".encode())
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while came := self._socket.recv(4096):
                self.ticks += came.count(b"tick")
        except OSError:
            pass
        self.over = True

    def close(self) -> None:
        self._socket.close()


@contextmanager
def streams(house) -> Iterator[tuple[Listener, Listener]]:
    """A websocket and server-sent events through a route of Forge's kind, both ticking."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Streaming)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    session, connection = Session(), ProxyConnection(name="c", kind="caddy", url=house.caddy.admin)
    domain = "streams.localhost"
    # a home of its own: to the Forge under test it is a stranger's
    proxy = CaddyProxy(connection, home="streams", http=session)
    proxy.point(Route(domain, (Target("127.0.0.1", server.server_port),)))
    both = tuple(Listener(house.caddy.port, domain, websocket=websocket) for websocket in (True, False))
    try:
        until(lambda: all(one.ticks > 3 for one in both), "both streams tick")
        yield both[0], both[1]
    finally:
        for one in both:
            one.close()
        server.shutdown()
        server.server_close()
        proxy.remove(domain)
        session.close()


def test_server_sent_events_and_a_websocket_survive_the_switch_of_another_project(house):
    """A Caddy older than 2.7 closes every websocket at every change, and no setting of its keeps it from that."""
    forge = house.forge
    house.project("another", stage("dev"))
    for tag in ("dev-1", "dev-2"):
        images.push(house.registry, "another", tag)
    with streams(house) as (websocket, events):
        for tag in ("dev-1", "dev-2"):
            assert forge.deploy("another/dev", tag)["status"] == "succeeded"
        ticks = websocket.ticks, events.ticks
        until(lambda: events.ticks > ticks[1] + 3, "the events go on")
        assert not events.over
        if house.caddy.version() < (2, 7):
            assert websocket.over, "this Caddy keeps websockets: Forge's docs say otherwise"
            pytest.skip("This Caddy is older than 2.7: it closed the websocket, as it does; the events survived")
        until(lambda: websocket.ticks > ticks[0] + 3, "the websocket goes on")
