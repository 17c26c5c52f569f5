"""The HTTP server on a real socket: where it listens, what it writes down, how it ends."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import socket
import stat
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import pytest

from forge.domain.errors import Conflict, Forbidden, Invalid
from forge.domain.person import Person, Role
from forge.server import Server, listen
from tests.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.forge.close()


@pytest.fixture
def server(world):
    made = Server(world.forge)
    made.start()
    yield made
    made.close()


def test_it_answers_on_a_free_port_of_this_machine(server):
    assert server.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{server.url}/api/health", timeout=5) as answer:
        assert json.load(answer)["version"]


def test_address_and_token_are_for_their_owner_only_and_go_at_the_end(world, server):
    settings = world.forge.settings
    for file, text in ((settings.address_file, server.url), (settings.token_file, world.forge.token.reveal())):
        assert file.read_text() == text
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    server.close()
    assert not settings.address_file.exists()
    assert not settings.token_file.exists()


def test_a_taken_port_is_told_with_what_to_do(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        world = World(tmp_path, port=other.getsockname()[1])
        with pytest.raises(Conflict, match="--port"):
            Server(world.forge).start()
        world.forge.close()


def test_it_listens_beyond_this_machine_only_once_somebody_can_sign_in(tmp_path):
    world = World(tmp_path, host="0.0.0.0")
    server = Server(world.forge)
    with pytest.raises(Forbidden, match="forge people add NAME --role admin") as caught:
        server.start()
    assert caught.value.code == "sign_in_not_set_up"
    assert not (tmp_path / "address").exists()
    with world.forge.store.database.change() as change:
        world.forge.store.people.add(change, Person(name="ada", role=Role.ADMIN), "hash")
    server.start()
    try:
        assert server.answers()
    finally:
        server.close()
        world.forge.close()


def test_open_streams_do_not_hold_up_its_end(world, server):
    request = urllib.request.Request(
        f"{server.url}/api/events", headers={"Authorization": f"Bearer {world.forge.token.reveal()}"}
    )
    streams = [urllib.request.urlopen(request, timeout=5) for _ in range(20)]
    for stream in streams:
        assert stream.readline()
    begin = time.monotonic()
    server.close()
    assert time.monotonic() - begin < 2
    for stream in streams:
        stream.close()


def test_closing_what_never_began_is_no_error(world):
    Server(world.forge).close()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_delivery_too_large_to_receive_is_answered_by_forge_and_leaves_a_receipt(world, server, chunked):
    """It rests on names that waitress has for its channel and tasks: a version without them must fail here."""
    address = urlsplit(f"{server.url}/api/webhook/{world.forge.webhook.secret().reveal()}")
    with contextlib.closing(http.client.HTTPConnection(address.hostname, address.port, timeout=10)) as line:
        line.putrequest("POST", address.path)
        line.putheader("Transfer-Encoding", "chunked") if chunked else line.putheader("Content-Length", str(8 << 20))
        line.endheaders()
        if chunked:
            line.send((b"%x\r\n" % (2 << 20)) + b"x" * (2 << 20) + b"\r\n")
        answer = line.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (413, "close")
        assert json.load(answer)["code"] == "too_large"
    (receipt,) = world.forge.store.receipts.page(before=None, limit=5)
    assert (receipt.decision, receipt.body) == ("invalid", "")


def test_what_is_no_request_is_still_refused_by_the_server(server):
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), timeout=5) as line:
        line.sendall(b"nonsense\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.0 400")


def test_it_knows_whether_it_answers(world, server):
    assert server.answers()
    server.close()
    assert not server.answers(1)


def test_a_port_that_may_not_be_had_is_not_said_to_be_taken(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(Invalid, match="Permission denied") as caught:
        listen("127.0.0.1", 80)
    assert caught.value.code == "cannot_listen"


def test_at_its_end_no_connection_and_no_thread_of_it_is_left(world, server):
    with contextlib.closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)) as waiting:
        waiting.request("GET", "/api/health")
        assert waiting.getresponse().read()
        server.close()
        assert waiting.sock.recv(1) == b""
    assert not server._thread.is_alive()
    assert not server._servers[0].task_dispatcher.threads


def test_who_answers_late_wakes_nothing_that_is_not_the_servers(world, monkeypatch):
    """waitress writes to the number of a descriptor: once closed it may be a database's."""
    slow, go_on = threading.Event(), threading.Event()

    def answer(_environ, start_response):
        slow.set()
        go_on.wait(10)
        start_response("200 OK", [("Content-Length", "1")])
        return [b"x"]

    monkeypatch.setattr("forge.server.make_app", lambda _: SimpleApp(answer))
    server = Server(world.forge)
    server.start()
    trigger = server._servers[0].trigger
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port)) as asker:
        asker.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow.wait(5)
        server.close()
        assert stat.S_ISFIFO(os.fstat(trigger.trigger).st_mode)  # still the server's own pipe
        go_on.set()
        until_ended(server)
        trigger.close()


class SimpleApp:
    """A WSGI application with as much of a hub as closing asks for."""

    def __init__(self, answer) -> None:
        self._answer = answer
        self.extensions = {"hub": self}

    def __call__(self, environ, start_response):
        return self._answer(environ, start_response)

    def close(self) -> None:
        """No stream is open."""


def until_ended(server):
    end = time.monotonic() + 5
    while server._servers[0].task_dispatcher.threads:
        assert time.monotonic() < end
        time.sleep(0.01)
