"""How a stream begins: where each topic starts, what cannot be replayed, and the past up to now."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from forge.api.ring import EVERYBODY, Ring, encode, is_stored, resync
from forge.api.topics import Position, Subscription, Wanted, always
from forge.domain.events import STATE, Event, part_of, parts_of_state
from forge.domain.metrics import TOPIC as METRICS

# (topic, number, limit) -> at most `limit` stored events of `topic` numbered above `number`, in order.
Replay = Callable[[str, int, int], list[Event]]
# () -> (the oldest number that can be replayed, the newest given out); the oldest is the next one if there is none.
Bounds = Callable[[], tuple[int, int]]

# More changes of state than this are no longer replayed: loading the present is less work for everybody.
MAX_REPLAY = 5000

_PAGE = 500
_BLOCK = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A stream about to begin: `topics` are those, or the parts of them, that the reader may hear. Up to event number
    `newest` and ring place `live` (exclusive) is the past; from there on it is live. `stored` and `ringed` say where
    each topic's past begins: after that number in the store, with that place in the ring. `reset` are topics whose
    past cannot be told. `stands`: see Subscription.
    """

    topics: frozenset[str]
    live: int
    newest: int
    stored: Mapping[str, int]
    ringed: Mapping[str, int]
    reset: tuple[str, ...]
    stands: Callable[[], bool] = always


def open_stream(ring: Ring, bounds: Bounds, subscription: Subscription) -> Opening:
    """Decide where each topic of `subscription` starts; what happens from now on is live."""
    live = ring.end  # before the store is asked: what is published in between comes twice, and is skipped once
    oldest, newest = bounds()
    stored: dict[str, int] = {}
    ringed: dict[str, int] = {}
    reset: list[str] = []
    for one in subscription.wanted:
        if is_stored(one.topic):
            start, known, present = _stored_start(ring, one, oldest, newest), stored, newest
        else:
            # what everything used meanwhile is asked for, not replayed: it is large, and grows with the time away
            position = None if one.topic == METRICS else one.position
            start, known, present = _ring_start(ring, position, live), ringed, live
        if start is None:
            reset.append(one.topic)
        known[one.topic] = present if start is None else start
    topics = _shared((EVERYBODY, *sorted(_heard({*stored, *ringed}, subscription.projects))))
    return Opening(
        topics=topics, live=live, newest=newest, stored=stored, ringed=ringed, reset=tuple(reset),
        stands=subscription.stands,
    )  # fmt: skip


def hello(opening: Opening, ring: Ring, version: str, at: float) -> bytes:
    """The first frame: Forge's version, each topic's cursor, the topics to load anew; then `resync` for those."""
    cursors = {topic: str(number) for topic, number in opening.stored.items()}
    cursors |= {topic: ring.cursor(seq - 1) for topic, seq in opening.ringed.items()}
    payload = {"version": version, "epoch": ring.epoch, "cursors": cursors, "reset": opening.reset}
    frame = encode(Event(type="hello", topic=EVERYBODY, at=at, payload=payload))
    return frame + resync(opening.reset, at) if opening.reset else frame


def past(opening: Opening, ring: Ring, replay: Replay) -> Iterator[bytes]:
    """What happened between each topic's start and now, in the order of the store's numbers over all topics."""
    block: list[bytes] = []
    size = 0
    pages = [_pages(replay, topic, number, opening.newest) for topic, number in opening.stored.items()]
    for event in heapq.merge(*pages, key=lambda event: event.id):
        if event.topic not in opening.topics and part_of(event) not in opening.topics:
            continue
        block.append(encode(event, str(event.id)))
        size += len(block[-1])
        if size >= _BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
    for topic, seq in opening.ringed.items():
        yield from _ring_past(ring, topic, seq, opening.live)


def _heard(topics: set[str], projects: frozenset[str] | None) -> set[str]:
    """Of `topics`, what somebody may hear who may see `projects` only (None: all)."""
    if projects is None or STATE not in topics:
        return topics
    return topics - {STATE} | parts_of_state(projects)


def _stored_start(ring: Ring, wanted: Wanted, oldest: int, newest: int) -> int | None:
    position = wanted.position
    if position is None:
        return newest
    number = position.id if not position.epoch else _number_of(ring, position)
    if number == 0 and wanted.topic != STATE:
        return 0  # a deploy's log from its first line, as far as it is kept
    if number is None or number > newest or number < oldest - 1:
        return None
    return None if wanted.topic == STATE and newest - number > MAX_REPLAY else number


def _ring_start(ring: Ring, position: Position | None, live: int) -> int | None:
    if position is None:
        return live
    following = position.seq + 1
    if position.epoch != ring.epoch or following > live or not ring.holds(following):
        return None
    return following


def _number_of(ring: Ring, position: Position) -> int | None:
    return ring.mark(position.seq) if position.epoch == ring.epoch else None


def _pages(replay: Replay, topic: str, number: int, newest: int) -> Iterator[Event]:
    while number < newest:
        page = replay(topic, number, _PAGE)
        for event in page:
            if event.id > newest:
                return
            yield event
        if len(page) < _PAGE:
            return
        number = page[-1].id


def _ring_past(ring: Ring, topic: str, seq: int, live: int) -> Iterator[bytes]:
    alone = _shared((topic,))
    while seq < live:
        seq, data = ring.batch(seq, alone, until=live)
        if data:
            yield data


@lru_cache(maxsize=256)
def _shared(names: tuple[str, ...]) -> frozenset[str]:
    """One set for all readers of the same topics: a thousand of them need it once."""
    return frozenset(names)
