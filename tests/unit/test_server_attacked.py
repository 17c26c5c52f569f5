"""A real server under what people throw at servers: half requests, slow ones, too large ones, and noise."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import socket
import time
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge import server as server_module
from forge.server import Server
from tests.world import World, until

SEED = 20261126
ROUNDS = int(os.environ.get("FORGE_FUZZ", "300"))  # more of them: FORGE_FUZZ=20000
SLOW = 250  # half-open connections
PIECES = (
    b"GET ", b"POST ", b"get ", b"\x00", b"/", b"/api/projects", b"/api/events?topics=", b" HTTP/1.1", b" HTTP/9.9",
    b"\r\n", b"\n", b"\r", b"Host: localhost\r\n", b"Host: localhost\r\nHost: evil\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 1\r\nContent-Length: 2\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked, identity\r\n", b"5\r\nhello\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFF\r\n", b"Expect: 100-continue\r\n", b"Last-Event-ID: \xff\xfe\r\n", b"Cookie: forge_session=",
    b"Authorization: Bearer \xe9\r\n", b"X: " + b"a" * 9000 + b"\r\n", b" folded\r\n", b"\r\n\r\n", b"hello",
    b"\x16\x03\x01",
)  # fmt: skip


CHUNKED = b"POST /api/session HTTP/1.1\r\nHost: localhost\r\n"
BOTH = (
    b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("attacked"))
    yield made
    made.forge.close()


@pytest.fixture(scope="module")
def server(world):
    made = Server(world.forge)
    made.start()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_to_be_ashamed_of(server, caplog):
    """After each test it still answers, and no error of ours is in the log."""
    yield
    assert server.answers()
    said = [record.getMessage() for record in caplog.get_records("call") if record.levelname in {"ERROR", "CRITICAL"}]
    assert [line for line in said if "nternal error" in line or "Traceback" in line or "Exception" in line] == []


def connect(server):
    where = urlsplit(server.url)
    return socket.create_connection((where.hostname, where.port), timeout=10)


def status(server, raw, patience=10.0):
    """The status of the answer to these bytes; 0 if there was none in time."""
    with connect(server) as line, contextlib.suppress(OSError):
        line.settimeout(patience)
        line.sendall(raw)
        head = line.recv(64)
        return int(head.split()[1]) if head.startswith(b"HTTP/1.") else 0
    return 0


@pytest.mark.promise("slow-clients")
def test_slow_clients_are_cut_off_and_meanwhile_everybody_else_is_served(server, monkeypatch):
    monkeypatch.setattr(server_module, "_PATIENCE", 2.0)
    with contextlib.ExitStack() as opened:
        lines = [opened.enter_context(connect(server)) for _ in range(SLOW)]
        for number, line in enumerate(lines):
            line.setblocking(False)
            line.sendall(
                (b"", b"GET /api/hea", b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nt")[
                    number % 3
                ]
            )
        began, left, served = time.monotonic(), set(lines), 0
        while left and time.monotonic() - began < 30:
            left -= {line for line in left if is_over(line)}
            assert server.answers(5)
            served += 1
        assert left == set()
        assert served > 5


def is_over(line):
    """Whether the other side closed it; it gets a crumb more if not, so that it never looks idle."""
    try:
        if line.recv(1000) == b"":
            return True
    except BlockingIOError:
        pass
    except OSError:
        return True
    try:
        line.sendall(b"a")
    except OSError:
        return True
    return False


@pytest.mark.promise("slow-clients")
def test_a_connection_that_is_kept_between_requests_may_rest(server, monkeypatch):
    where = urlsplit(server.url)
    with contextlib.closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as asking:
        asking.request("GET", "/api/health")
        asking.getresponse().read()
        kept = asking.sock
        monkeypatch.setattr(server_module, "_PATIENCE", 0.0)
        time.sleep(1.5)  # longer than the server's loop
        monkeypatch.undo()
        asking.request("GET", "/api/health")
        assert asking.getresponse().status == 200
        assert asking.sock is kept


@pytest.mark.promise("limits")
def test_headers_have_a_limit(server):
    assert status(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n") == 200
    assert status(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40_000 + b"\r\n\r\n") in {400, 431}


@pytest.mark.promise("limits")
@pytest.mark.parametrize(
    ("raw", "allowed"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", {400, 501}),
        (b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3, 4\r\n\r\nabcd", {400}),
        (BOTH, {400}),
        (CHUNKED + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", {400}),
        (CHUNKED + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
        (CHUNKED.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
        (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n", {400}),
        (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n\tTransfer-Encoding: chunked\r\n\r\n", {400}),
        (b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET /\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n", {400}),
        (b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: +2\r\n\r\n{}", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", {400, 403}),
        (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", {403}),
        (b"GET / HTTP/1.1\r\n\r\n", {400, 403}),
        (b"GET / HTTP/1.0\r\n\r\n", {400, 403}),
    ],
)  # fmt: skip
def test_what_two_servers_could_read_differently_is_refused(server, raw, allowed):
    """The stuff of request smuggling and DNS rebinding."""
    assert status(server, raw) in allowed


@pytest.mark.promise("fuzz")
@pytest.mark.timeout(300)
def test_noise_is_answered_as_somebodys_mistake_or_not_at_all(server):
    chance = random.Random(SEED)
    found = set()
    for _ in range(ROUNDS):
        raw = b"".join(chance.choice(PIECES) for _ in range(chance.randint(1, 12)))
        if chance.random() < 0.3:
            raw = bytes(byte ^ (chance.random() < 0.02) * chance.randint(1, 255) for byte in raw)
        answer = status(server, raw + b"\r\n\r\n", 0.03)
        assert answer < 500 or answer == 501, raw
        found.add(answer)
    assert found >= {0, 400} or ROUNDS < 100
    until(lambda: len(server._servers[0].active_channels) <= 1, "no connection is left over")


TEXT = st.text(max_size=40)
TOPICS = st.one_of(
    TEXT,
    st.lists(
        st.one_of(TEXT, st.sampled_from(["state", "deploy:1", "instance:a", "metrics", "state@x-1"])), max_size=40
    ).map(",".join),
)
PLACES = st.one_of(TEXT, st.from_regex(r"[a-z0-9]{0,6}-?-?[0-9]{0,25}", fullmatch=True))


@pytest.mark.promise("fuzz")
@settings(max_examples=max(40, ROUNDS // 5), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(topics=TOPICS, last=PLACES)
def test_any_topic_and_any_last_event_id_open_a_stream_or_are_refused(server, topics, last):
    where = urlsplit(server.url)
    headers = {
        "Authorization": f"Bearer {server.runtime.token.reveal()}",
        "Last-Event-ID": last.encode("utf-8", "replace"),
    }
    line = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    try:
        line.request("GET", f"/api/events?topics={quote(topics, errors='replace')}", headers=headers)
        answer = line.getresponse()
        assert answer.status in {200, 400, 422}, answer.read()
        assert answer.status != 200 or answer.readline().startswith((b"id:", b"retry:", b":", b"event:", b"data:"))
        answer.close()
    except ValueError:  # no header can hold it: the client itself refuses
        assert not last.isprintable()
    finally:
        line.close()


@pytest.mark.promise("fuzz")
def test_streams_of_the_fuzz_are_all_gone(server):
    until(lambda: server._app.extensions["hub"].stats().readers == 0, "nobody reads")


@pytest.mark.promise("throttle")
def test_a_flood_of_deliveries_from_one_address_has_to_wait(server):
    secret = server.runtime.webhook.secret().reveal()
    where = urlsplit(server.url)
    context = server._app.extensions["forge"]
    assert context.deliveries.burst >= 100
    object.__setattr__(context, "deliveries", type(context.deliveries)(burst=5, per_minute=1))
    object.__setattr__(context, "wrong_deliveries", type(context.deliveries)(burst=5, per_minute=1))
    with contextlib.closing(http.client.HTTPConnection(where.hostname, where.port, timeout=10)) as line:
        for path, usual in ((f"/api/webhook/{secret}", 422), ("/api/webhook/wrong", 404)):
            found = []
            for _ in range(8):
                line.request("POST", path, body=b"{}", headers={"Content-Type": "application/json"})
                answer = line.getresponse()
                answer.read()
                found.append(answer.status)
            assert found[-3:] == [429] * 3, found
            assert 429 not in found[:5], (usual, found)
            assert int(answer.getheader("Retry-After")) >= 1
