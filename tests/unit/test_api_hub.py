"""The live stream on real sockets, served by waitress and by another server."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from forge.api import topics
from forge.api.hub import Hub
from forge.api.ring import Ring
from forge.domain.errors import Unavailable
from forge.domain.events import Event
from tests.unit.streaming import Client, Store, eventually, raw, waitress, werkzeug

Serve = Callable[[Hub], AbstractContextManager[int]]
WAYS = pytest.mark.parametrize("serve", [waitress, werkzeug])


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def make(store: Store) -> Iterator[Callable[..., Hub]]:
    hubs: list[Hub] = []

    def make(**settings: object) -> Hub:
        hubs.append(Hub(replay=store.replay, bounds=store.bounds, version="1.0", **settings))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def ended(sock: socket.socket) -> bool:
    """Read to the end, however the connection ended."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionError:
        return True
    return True


@WAYS
def test_a_stream_is_hello_then_the_past_then_the_present(serve: Serve, make, store):
    hub = make()
    for _ in range(3):
        store.happen(hub)
    with serve(hub) as port, Client(port, "state@1") as client:
        assert client.response.status == 200
        assert client.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        hello = client.frame()
        assert (hello.type, hello.id, hello.payload["version"]) == ("hello", "", "1.0")
        assert [client.frame().id, client.frame().id] == ["2", "3"]
        store.happen(hub)
        assert client.frame().id == "4"


@WAYS
def test_a_reader_gets_only_its_topics(serve: Serve, make, store):
    hub = make()
    with serve(hub) as port, Client(port, "deploy:7,instance:a1") as client:
        client.until("hello")
        store.happen(hub)
        store.happen(hub, "deploy:8")
        store.happen(hub, "deploy:7")
        hub.publish([Event(type="instance_log", payload={}, at=1, topic="instance:a1")])
        assert [client.frame().topic, client.frame().topic] == ["deploy:7", "instance:a1"]


@WAYS
def test_a_stream_that_broke_off_is_taken_up_where_it_ended(serve: Serve, make, store):
    hub = make()
    with serve(hub) as port:
        with Client(port) as client:
            client.until("hello")
            last = store.happen(hub)
            assert client.frame().id == str(last.id)
        missed = [store.happen(hub), store.happen(hub)]
        with Client(port, headers={"Last-Event-ID": str(last.id)}) as client:
            client.until("hello")
            assert [client.frame().id, client.frame().id] == [str(event.id) for event in missed]


@WAYS
def test_a_ping_tells_that_the_stream_is_alive(serve: Serve, make):
    hub = make(heartbeat=0.1, clock=lambda: 12.5)
    with serve(hub) as port, Client(port) as client:
        client.until("hello")
        for _ in range(2):
            ping = client.frame()
            assert (ping.type, ping.id, ping.payload) == ("ping", "", {"at": 12.5})


@WAYS
def test_a_reader_that_goes_away_is_noticed_within_a_second_and_told_once(serve: Serve, make):
    opened, closed = [], []
    hub = make(on_open=opened.append, on_close=closed.append)
    with serve(hub) as port:
        with Client(port, "state,instance:a1") as client:
            client.until("hello")
            assert hub.stats().readers == 1
            assert (opened, closed) == ([frozenset({"state", "instance:a1"})], [])
        assert eventually(lambda: hub.stats().readers == 0, within=1.0)
        assert eventually(lambda: len(closed) == 1, within=0.2)
        assert hub.stats().ended == {"left": 1}
        assert hub.stats().generators == 0
    assert opened == closed


@WAYS
def test_beyond_the_cap_it_is_503_at_once_and_again_a_stream_when_somebody_leaves(serve: Serve, make):
    hub = make(max_readers=2)
    with serve(hub) as port, Client(port) as first:
        first.until("hello")
        with Client(port) as second:
            second.until("hello")
            assert hub.full
            with Client(port) as third:
                assert third.response.status == 503
                assert int(third.response.headers["Retry-After"]) > 0
        assert eventually(lambda: not hub.full)
        with Client(port) as again:
            assert again.response.status == 200


def test_a_full_hub_says_when_to_come_again(make):
    hub = make(max_readers=0)
    with pytest.raises(Unavailable) as refused:
        hub.response_body({}, topics.parse(None))
    assert refused.value.retry_after == 15


@WAYS
def test_closing_ends_every_stream_properly(serve: Serve, make, store):
    closed = []
    hub = make(on_close=closed.append)
    with serve(hub) as port, Client(port) as client, Client(port) as other:
        client.until("hello")
        other.until("hello")
        store.happen(hub)
        assert [client.frame().id, other.frame().id] == ["1", "1"]  # both are the writer's by now
        store.happen(hub)
        started = time.monotonic()
        hub.close()
        assert [client.frame().id, client.frame()] == ["2", None]  # http.client raises if the last chunk is missing
        assert [other.frame().id, other.frame()] == ["2", None]
        assert time.monotonic() - started < 1
        assert eventually(lambda: len(closed) == 2)
        assert hub.stats().ended == {"closed": 2}
        assert hub.full


def test_many_streams_close_within_two_seconds(make):
    hub = make()
    with waitress(hub) as port:
        socks = [raw(port) for _ in range(300)]
        assert eventually(lambda: hub.stats().readers == 300, within=10)
        hub.close(timeout=2)
        assert eventually(lambda: hub.stats().readers == 0)  # one may have been on its way to the writer
        for sock in socks:
            sock.close()


def test_under_waitress_more_streams_than_threads_leave_the_rest_quick(make, store):
    hub = make()
    with waitress(hub) as port:
        clients = [Client(port) for _ in range(40)]
        for client in clients:
            client.until("hello")
        assert hub.stats().generators == 0
        store.happen(hub)
        assert [client.frame().id for client in clients] == ["1"] * 40
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), 5) as asked:
            asked.sendall(b"GET /api/health HTTP/1.0\r\n\r\n")
            assert asked.recv(100).startswith(b"HTTP/1.0 200")
        assert time.monotonic() - started < 1
        for client in clients:
            client.close()


def test_under_another_server_only_so_many_streams_hold_a_thread(make):
    hub = make(max_generators=1)
    with werkzeug(hub) as port, Client(port) as client:
        client.until("hello")
        assert eventually(lambda: hub.stats().generators == 1)
        with Client(port) as refused:
            assert refused.response.status == 503


def test_an_http_1_0_reader_gets_plain_bytes(make, store):
    hub = make()
    with waitress(hub) as port, raw(port, "1.0") as sock, sock.makefile("rb") as lines:
        assert eventually(lambda: hub.stats().readers == 1)
        store.happen(hub)
        head = iter(lines.readline, b"\r\n")
        assert not any(line.lower().startswith(b"transfer-encoding") for line in head)
        assert lines.readline().startswith(b'data: {"type":"hello"')
        assert [lines.readline(), lines.readline()] == [b"\n", b"id: 1\n"]


def test_a_reader_that_stalls_is_let_go_while_others_go_on(make, store, caplog):
    closed = []
    hub = make(stall=0.3, on_close=closed.append)
    with waitress(hub) as port, raw(port, receive_buffer=4096) as stalled, Client(port) as client:
        client.until("hello")
        assert eventually(lambda: hub.stats().readers == 2)
        for _ in range(40):
            store.happen(hub, text="x" * 20_000)
        assert [client.frame().id for _ in range(40)] == [str(number) for number in range(1, 41)]
        assert eventually(lambda: hub.stats().ended.get("stalled") == 1, within=3)
        assert closed == [frozenset({"state"})]
        store.happen(hub)
        assert client.frame().id == "41"
        assert ended(stalled)
    assert "let go" in caplog.text


def test_a_slow_reader_of_a_long_past_is_let_go_without_hanging_the_others(make, store):
    hub = make(stall=0.3)
    for _ in range(400):
        store.happen(hub, "deploy:7", text="x" * 20_000)
    with waitress(hub) as port, raw(port, receive_buffer=4096) as stalled:
        stalled.close()
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        slow.sendall(b"GET /api/events?topics=deploy:7 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(lambda: hub.stats().generators == 1)
        with Client(port, "deploy:7") as client:
            client.until("hello")
            assert [client.frame().id for _ in range(400)] == [str(number) for number in range(1, 401)]
        assert eventually(lambda: hub.stats().ended.get("stalled") == 1, within=3)
        slow.close()


def test_who_falls_out_of_the_ring_gets_a_resync_and_goes_on(make, store):
    hub = make(ring=Ring(size=8), stall=5)
    with waitress(hub) as port, raw(port, receive_buffer=4096) as slow:
        assert eventually(lambda: hub.stats().readers == 1)
        for _ in range(60):
            store.happen(hub, text="x" * 20_000)
            time.sleep(0.002)
        read = b""
        while b'"type":"resync"' not in read:
            read += slow.recv(1 << 20)
        store.happen(hub, text="after")
        while b'"after"' not in read:
            read += slow.recv(1 << 20)


def test_what_fails_at_the_end_of_a_stream_hurts_no_other(make, store, caplog):
    hub = make(on_close=lambda topics: 1 / 0)
    with waitress(hub) as port, Client(port) as client:
        client.until("hello")
        with Client(port) as other:
            other.until("hello")
        assert eventually(lambda: hub.stats().readers == 1)
        store.happen(hub)
        assert client.frame().id == "1"
    assert "ZeroDivisionError" in caplog.text


def test_a_store_that_fails_is_told_before_the_stream_begins(store):
    def fail() -> tuple[int, int]:
        raise Unavailable("The database is locked.")

    hub = Hub(replay=store.replay, bounds=fail)
    with pytest.raises(Unavailable, match="locked"):
        hub.response_body({}, topics.parse(None))
    assert hub.stats().readers == 0


class Story:
    """A writer that commits and publishes a moment later, and readers that come and break off at any moment."""

    def __init__(self, hub: Hub, store: Store, seed: int) -> None:
        self.hub, self.store, self.chance = hub, store, random.Random(seed)
        self.told = 0
        self.wrong: list[object] = []
        for _ in range(50):
            store.happen(hub, self.chance.choice(["state", "deploy:7"]))

    def write(self) -> None:
        while len(self.store.kept) < 600:
            topic = self.chance.choice(["state", "deploy:7", "deploy:8"])
            self.store.happen(self.hub, topic, delay=self.chance.choice([0, 0, 0.001]))
        self.store.happen(self.hub, last=True)

    def read(self, port: int) -> None:
        time.sleep(self.chance.random() / 3)
        start = self.chance.randrange(50)
        asked, seen, last = f"state@{start},deploy:7@{start}", [start], False
        while not last:
            with Client(port, asked, {"Last-Event-ID": str(seen[-1])}, timeout=20) as client:
                assert client.frame().payload["reset"] == []
                for _ in range(self.chance.randrange(50, 300)):
                    got = client.frame()
                    seen.append(int(got.id))
                    if last := "last" in got.payload:
                        break
        expected = [event.id for event in self.store.kept if event.id > start and event.topic != "deploy:8"]
        self.told += 1
        self.wrong += [] if seen[1:] == expected else [(start, seen, expected)]


@WAYS
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_and_nothing_doubled_however_readers_come(serve: Serve, seed, make, store):
    hub = make(max_generators=50)
    story = Story(hub, store, seed)
    with serve(hub) as port:
        threads = [threading.Thread(target=story.write)]
        threads += [threading.Thread(target=story.read, args=(port,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert story.told == 12
    assert story.wrong == []
