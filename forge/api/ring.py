"""The last frames of the live stream, encoded once for all readers and kept within bounds."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

import msgspec

from forge.domain.events import Event, part_of
from forge.domain.metrics import TOPIC as METRICS

# The topic of frames for every reader, whatever else it asked for.
EVERYBODY = ""

_encode = msgspec.json.Encoder().encode


def is_stored(topic: str) -> bool:
    """True if the store keeps the events of `topic`; an instance's log lives in the ring only, as metrics do."""
    return topic != METRICS and not topic.startswith("instance:")


def encode(event: Event, id: str = "") -> bytes:
    """`event` as one frame of server-sent events, with `id:` if it has one."""
    data = _encode({"type": event.type, "topic": event.topic, "at": event.at, "payload": dict(event.payload)})
    return b"id: %b\ndata: %b\n\n" % (id.encode(), data) if id else b"data: %b\n\n" % data


def resync(topics: Iterable[str], at: float) -> bytes:
    """The frame that says: what was asked for is too old to replay, load the present of `topics`."""
    named = sorted({topic.partition("/")[0] for topic in topics if topic != EVERYBODY})  # a part is told as its whole
    return encode(Event(type="resync", topic=EVERYBODY, at=at, payload={"topics": named}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An encoded event. `seq` is its place in the ring, `id` its number in the store (0: not kept there),
    `before` the highest number in the store that any earlier frame had, `part` see forge.domain.events.part_of.
    """

    seq: int
    topic: str
    part: str
    id: int
    before: int
    data: bytes


class Ring:
    """Frames `first` to `end` - 1, at most `size` of them and about `max_bytes` in all. Readers take no lock.

    Stored events must be appended in the order of their numbers. `epoch` names this ring, so that a position
    in another one (from before a restart) is told apart.
    """

    def __init__(
        self, *, size: int = 4096, max_bytes: int = 8 << 20, batch_bytes: int = 64 << 10, epoch: str | None = None
    ) -> None:
        self.epoch = epoch or secrets.token_hex(6)
        self.end = 1
        self._first = 1
        self._size, self._max_bytes, self._batch_bytes = size, max_bytes, batch_bytes
        self._slots: list[Frame | None] = [None] * size
        self._bytes = 0
        self._mark = 0
        self._at = 0.0
        self._lock = Lock()
        self._cache: dict[tuple[frozenset[str], int, int, int], tuple[int, bytes]] = {}

    def append(self, event: Event) -> None:
        """Encode `event` and keep it, letting go of the oldest where the bounds ask for it."""
        with self._lock:
            data = encode(event, self._name(event))
            self._bytes += len(data)
            self._make_room()
            self._slots[self.end % self._size] = Frame(
                seq=self.end, topic=event.topic, part=part_of(event), id=event.id, before=self._mark, data=data
            )
            self._mark = max(self._mark, event.id)
            self._at = event.at
            self.end += 1

    def cursor(self, seq: int) -> str:
        """How a reader names the place `seq`: `<epoch>-<seq>`."""
        return f"{self.epoch}-{seq}"

    def holds(self, seq: int) -> bool:
        """True if a reader that wants `seq` next has missed nothing."""
        return seq == self.end or self._frame(seq) is not None

    def mark(self, seq: int) -> int | None:
        """The highest number in the store up to frame `seq`; None if that is not known any more."""
        if seq + 1 == self.end:
            return self._mark or None
        following = self._frame(seq + 1)
        return following.before or None if following else None

    def batch(self, cursor: int, topics: frozenset[str], after: int = 0, until: int | None = None) -> tuple[int, bytes]:
        """The frames of `topics` from `cursor` on, joined, and the cursor to go on from; b"" if there are none.

        `until` ends it earlier than the present.

        Stored events up to number `after` are left out: the reader had them from the store. A cursor that has
        been let go of gets a `resync` frame, and goes on at the end. Asked by many for the same, it works once.
        """
        end = self.end if until is None else until
        if cursor >= end:
            return cursor, b""
        first = self._frame(cursor)
        if first is None:
            return end, resync(topics, self._at)
        if after <= first.before:
            after = 0
        key = (topics, cursor, after, end)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= 32:
                self._cache = {}
            found = self._cache[key] = self._collect(cursor, end, topics, after)
        return found

    def _frame(self, seq: int) -> Frame | None:
        frame = self._slots[seq % self._size]
        return frame if frame is not None and frame.seq == seq else None

    def _name(self, event: Event) -> str:
        if event.id:
            return str(event.id)
        return "" if is_stored(event.topic) else self.cursor(self.end)

    def _make_room(self) -> None:
        while self._first < self.end and (self.end - self._first >= self._size or self._bytes > self._max_bytes):
            oldest = self._slots[self._first % self._size]
            self._slots[self._first % self._size] = None
            self._bytes -= len(oldest.data) if oldest else 0
            self._first += 1

    def _collect(self, cursor: int, end: int, topics: frozenset[str], after: int) -> tuple[int, bytes]:
        found: list[bytes] = []
        size = 0
        while cursor < end and size < self._batch_bytes:
            frame = self._frame(cursor)
            if frame is None:
                break  # let go of meanwhile: the next batch says so
            if (frame.topic in topics or frame.part in topics) and not 0 < frame.id <= after:
                found.append(frame.data)
                size += len(frame.data)
            cursor += 1
        return cursor, b"".join(found)
