"""The writer's thread: one for all readers, and nobody can hold it up."""

from __future__ import annotations

import socket
import threading

import pytest

from forge.api.ring import EVERYBODY, Ring
from forge.api.writer import Reader, Writer
from forge.domain.events import Event
from tests.unit.streaming import eventually

TOPICS = frozenset({"state", EVERYBODY})


class Bench:
    """A ring, a writer and what it said."""

    def __init__(self) -> None:
        self.ring = Ring()
        self.ended: list[str] = []
        self.beats = 0
        self.writer = Writer(
            self.ring, ended=lambda topics, why: self.ended.append(why), beat=self.beat, heartbeat=0.1, stall=0.2
        )

    def beat(self) -> None:
        self.beats += 1

    def read(self, chunked: bool = False, **more) -> socket.socket:
        theirs, ours = socket.socketpair()
        theirs.settimeout(5)
        reader = Reader(sock=ours, topics=TOPICS, cursor=self.ring.end, after=0, chunked=chunked, **more)
        assert self.writer.add(reader)
        return theirs

    def say(self, text: str) -> None:
        self.ring.append(Event(type="sighting", payload={"text": text}, at=1))
        self.writer.wake()


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.writer.close(2)


def test_a_reader_is_written_to_until_it_leaves(bench):
    with bench.read() as reader:
        bench.say("a")
        assert b'"a"' in reader.recv(4096)
        assert bench.ended == []
    assert eventually(lambda: bench.ended == ["left"])


@pytest.mark.parametrize("told", [True, False])
def test_who_stands_no_longer_is_let_go_at_once_when_told_and_else_with_the_next_beat(bench, told):
    standing = {"ann": True, "bob": True}
    with bench.read(stands=lambda: standing["ann"]) as ann, bench.read(stands=lambda: standing["bob"]) as bob:
        bench.say("a")
        assert b'"a"' in ann.recv(4096)
        assert b'"a"' in bob.recv(4096)
        standing["ann"] = False
        if told:
            bench.writer.review()
        assert ann.recv(4096) == b""
        assert eventually(lambda: bench.ended == ["ended"])
        bench.say("b")
        assert b'"b"' in bob.recv(4096)


def test_who_ended_on_the_way_is_not_kept(bench):
    with bench.read(chunked=True, stands=lambda: False) as reader:
        assert reader.recv(4096) == b"0\r\n\r\n", "its answer ends as one that is whole"
        assert reader.recv(4096) == b""
    assert eventually(lambda: bench.ended == ["ended"])


def test_what_was_said_before_the_reader_was_added_is_not_lost(bench):
    theirs, ours = socket.socketpair()
    reader = Reader(sock=ours, topics=TOPICS, cursor=bench.ring.end, after=0, chunked=False)
    bench.say("between")
    bench.writer.add(reader)
    with theirs:
        assert b"between" in theirs.recv(4096)


def test_chunks_carry_their_length_and_the_last_is_empty(bench):
    with bench.read(chunked=True) as reader:
        bench.say("a")
        size, _, rest = reader.recv(4096).partition(b"\r\n")
        assert rest[int(size, 16) :] == b"\r\n"
        bench.writer.close(2)
        assert reader.recv(4096) == b"0\r\n\r\n"
        assert reader.recv(4096) == b""
    assert bench.ended == ["closed"]


def test_who_takes_nothing_is_let_go_and_who_is_slow_is_not(bench, caplog):
    with bench.read() as slow, bench.read():
        for _ in range(40):
            bench.say("x" * 20_000)
        got = 0
        while got < 40 * 20_000:
            got += len(slow.recv(50_000))
        assert eventually(lambda: bench.ended == ["stalled"], within=2)
        bench.say("after")
        assert any(b"after" in piece for piece in iter(lambda: slow.recv(1 << 20), b""))


def test_the_heart_beats_with_nothing_to_say(bench):
    assert eventually(lambda: bench.beats >= 3)


def test_bytes_from_a_reader_end_its_stream(bench):
    with bench.read() as reader:
        reader.send(b"x")
        assert eventually(lambda: bench.ended == ["left"])


def test_after_closing_nobody_is_taken_in_and_no_thread_is_left(bench):
    bench.writer.close(2)
    theirs, ours = socket.socketpair()
    with theirs, ours:
        assert not bench.writer.add(Reader(sock=ours, topics=TOPICS, cursor=1, after=0, chunked=False))
    assert "stream-writer" not in [thread.name for thread in threading.enumerate()]
    bench.say("nobody hears it")
