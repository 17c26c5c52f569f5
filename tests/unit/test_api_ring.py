"""The ring: encoded once, bounded, and nobody misses a frame without being told."""

from __future__ import annotations

import json

from forge.api.ring import EVERYBODY, Ring, encode, resync
from forge.domain.events import Event

STATE = frozenset({"state", EVERYBODY})
INSTANCE = frozenset({"instance:a1", EVERYBODY})


def event(id: int, topic: str = "state", **payload: object) -> Event:
    return Event(type="sighting", payload=payload, at=1.5, topic=topic, id=id)


def ids(data: bytes) -> list[str]:
    return [line[4:] for line in data.decode().split("\n") if line.startswith("id: ")]


def test_a_frame_is_one_line_of_json_under_its_number():
    frame = encode(event(7, text="two\nlines „ü“"), "7")
    head, data, *rest = frame.decode().split("\n")
    assert head == "id: 7"
    assert json.loads(data.removeprefix("data: ")) == {
        "type": "sighting",
        "topic": "state",
        "at": 1.5,
        "payload": {"text": "two\nlines „ü“"},
    }
    assert rest == ["", ""]


def test_only_what_can_be_asked_for_again_has_an_id():
    ring = Ring(epoch="5f")
    ring.append(event(7))
    ring.append(event(0, "deploy:42"))
    ring.append(event(0, "instance:a1"))
    _, data = ring.batch(1, frozenset({"state", "deploy:42", "instance:a1"}))
    assert ids(data) == ["7", "5f-3"]
    assert data.count(b"data: ") == 3


def test_a_reader_gets_its_topics_and_what_is_for_everybody():
    ring = Ring()
    for one in (event(1), event(0, "instance:a1"), event(0, EVERYBODY), event(2)):
        ring.append(one)
    cursor, data = ring.batch(1, INSTANCE)
    assert cursor == 5
    assert [json.loads(line[6:])["topic"] for line in data.decode().split("\n") if line[:5] == "data:"] == [
        "instance:a1",
        EVERYBODY,
    ]
    assert ring.batch(5, INSTANCE) == (5, b"")


def test_the_cursor_moves_past_what_is_not_for_this_reader():
    ring = Ring()
    ring.append(event(1))
    assert ring.batch(1, INSTANCE) == (2, b"")


def test_stored_events_that_were_replayed_are_left_out_and_others_are_not():
    ring = Ring(epoch="5f")
    for one in (event(4), event(5), event(0, "instance:a1"), event(6)):
        ring.append(one)
    both = STATE | INSTANCE
    assert ids(ring.batch(1, both, after=5)[1]) == ["5f-3", "6"]
    assert ids(ring.batch(2, both, after=4)[1]) == ["5", "5f-3", "6"]
    assert ids(ring.batch(4, both, after=6)[1]) == []


def test_readers_of_the_same_get_the_very_same_bytes_even_if_they_began_at_different_times():
    ring = Ring()
    for number in range(1, 6):
        ring.append(event(number))
    first, second = ring.batch(5, STATE, after=1), ring.batch(5, STATE, after=4)
    assert ids(first[1]) == ["5"]
    assert first is second


def test_a_cached_batch_does_not_hide_a_newer_frame():
    ring = Ring()
    ring.append(event(1))
    ring.batch(1, STATE)
    ring.append(event(2))
    assert ids(ring.batch(1, STATE)[1]) == ["1", "2"]


def test_a_batch_ends_near_its_limit_and_goes_on_where_it_ended():
    ring = Ring(batch_bytes=1000)
    for number in range(1, 11):
        ring.append(event(number, text="x" * 300))
    cursor, seen = 1, []
    while cursor < ring.end:
        cursor, data = ring.batch(cursor, STATE)
        assert len(data) < 1000 + 500
        seen += ids(data)
    assert seen == [str(number) for number in range(1, 11)]


def test_who_falls_behind_the_oldest_frame_is_told_once_and_goes_on_at_the_present():
    ring = Ring(size=3)
    for number in range(1, 6):
        ring.append(event(number))
    cursor, data = ring.batch(1, STATE)
    assert cursor == ring.end == 6
    assert data == resync({"state"}, 1.5)
    assert json.loads(data.decode().removeprefix("data: ")) == {
        "type": "resync",
        "topic": "",
        "at": 1.5,
        "payload": {"topics": ["state"]},
    }
    assert ids(ring.batch(3, STATE)[1]) == ["3", "4", "5"]


def test_the_ring_is_bounded_in_bytes_too():
    ring = Ring(size=100, max_bytes=1000)
    for number in range(1, 20):
        ring.append(event(number, text="x" * 300))
    held = [seq for seq in range(1, ring.end) if ring.holds(seq)]
    assert held == [18, 19]
    ring.append(event(20, text="x" * 5000))
    assert [seq for seq in range(1, ring.end) if ring.holds(seq)] == [20]


def test_a_place_in_the_ring_is_known_by_the_number_stored_before_it():
    ring = Ring(size=4)
    assert ring.mark(0) is None
    for one in (event(4), event(0, "instance:a1"), event(5), event(6), event(0, "instance:a1")):
        ring.append(one)
    assert [ring.mark(seq) for seq in range(7)] == [None, 4, 4, 5, 6, 6, None]


def test_until_ends_a_batch_before_the_present():
    ring = Ring()
    for number in range(1, 6):
        ring.append(event(number))
    assert ids(ring.batch(1, STATE, until=3)[1]) == ["1", "2"]
    assert ids(ring.batch(1, STATE)[1]) == ["1", "2", "3", "4", "5"]


def test_each_ring_has_an_epoch_of_its_own():
    assert Ring().epoch != Ring().epoch
