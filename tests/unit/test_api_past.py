"""Where a stream begins, what of the past it shows, and what it says cannot be shown."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from forge.api import topics
from forge.api.past import MAX_REPLAY, hello, open_stream, past
from forge.api.ring import Ring
from forge.domain.events import Event


class Store:
    """Events as the store keeps them; numbers up to `thinned` are gone."""

    def __init__(self, *events: tuple[int, str], thinned: int = 0) -> None:
        self.events = [Event(type="sighting", payload={}, at=1, id=number, topic=topic) for number, topic in events]
        self.thinned = thinned

    def bounds(self) -> tuple[int, int]:
        newest = max((event.id for event in self.events), default=self.thinned)
        return min((event.id for event in self.events if event.id > self.thinned), default=newest + 1), newest

    def replay(self, topic: str, number: int, limit: int) -> list[Event]:
        found = [one for one in self.events if one.topic == topic and one.id > max(number, self.thinned)]
        return found[:limit]


def begin(store: Store, asked: str, last: str | None = None, ring: Ring | None = None):
    ring = ring or Ring(epoch="5f")
    opening = open_stream(ring, store.bounds, topics.parse(asked, last))
    said = [json.loads(line[6:]) for line in hello(opening, ring, "1.0", 9).decode().split("\n") if line[:5] == "data:"]
    frames = b"".join(past(opening, ring, store.replay)).decode()
    return said, [line[4:] for line in frames.split("\n") if line.startswith("id: ")]


def instance_line(text: str = "") -> Event:
    return Event(type="instance_log", payload={"text": text}, at=1, topic="instance:a1")


MIXED = Store((1, "state"), (2, "deploy:7"), (3, "state"), (4, "deploy:7"), (5, "state"))


def test_hello_says_version_epoch_and_where_each_topic_begins():
    said, _ = begin(MIXED, "state,deploy:7@2,instance:a1")
    assert said == [
        {
            "type": "hello",
            "topic": "",
            "at": 9,
            "payload": {
                "version": "1.0",
                "epoch": "5f",
                "cursors": {"state": "5", "deploy:7": "2", "instance:a1": "5f-0"},
                "reset": [],
            },
        }
    ]


def test_without_a_cursor_there_is_no_past_but_a_deploys():
    assert begin(MIXED, "state")[1] == []
    assert begin(MIXED, "deploy:7")[1] == ["2", "4"]


def test_the_past_of_several_topics_comes_in_the_order_of_its_numbers():
    assert begin(MIXED, "state@0,deploy:7@2")[1] == ["1", "3", "4", "5"]
    assert begin(MIXED, "state,deploy:7", "2")[1] == ["3", "4", "5"]


def test_a_long_past_is_read_in_pages_and_misses_nothing():
    store = Store(*((number, "state") for number in range(1, 1302)))
    assert begin(store, "state@100")[1] == [str(number) for number in range(101, 1302)]


def test_what_is_committed_after_the_opening_is_left_to_the_present():
    store, ring = Store((1, "state")), Ring()
    opening = open_stream(ring, store.bounds, topics.parse("state@0"))
    store.events.append(Event(type="sighting", payload={}, at=1, id=2))
    assert b"".join(past(opening, ring, store.replay)).count(b"id: ") == 1


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("state@3", "it is older than what is kept"),
        ("state@99", "the store never gave out that number"),
        ("state@0", "the beginning is gone"),
        ("state@4d-3", "it is a place in another ring"),
        ("state@5f-0", "the ring does not know what was stored before"),
        ("instance:a1@4d-3", "it is a place in another ring"),
        ("instance:a1@5f-99", "the ring never came that far"),
        ("instance:a1@17", "an instance's log is not in the store"),
    ],
)
def test_what_cannot_be_replayed_is_reset(asked, why):
    store = Store(*((number, asked.partition("@")[0]) for number in range(1, 8)), thinned=5)
    said, replayed = begin(store, asked)
    topic = asked.partition("@")[0]
    assert said[0]["payload"]["reset"] == [topic], why
    assert said[0]["payload"]["cursors"][topic] == ("7" if topic == "state" else "5f-0")
    assert said[1]["type"] == "resync"
    assert said[1]["payload"] == {"topics": [topic]}
    assert replayed == []


def test_the_oldest_cursor_that_can_be_served_is_served():
    store = Store((6, "state"), (7, "state"), thinned=5)
    said, replayed = begin(store, "state@5")
    assert (said[0]["payload"]["reset"], replayed) == ([], ["6", "7"])


def test_an_empty_store_is_no_reason_to_reset():
    assert begin(Store(), "state@0")[0][0]["payload"]["reset"] == []
    assert begin(Store(thinned=5), "state@5")[0][0]["payload"]["reset"] == []


def test_a_deploys_log_from_its_first_line_is_never_reset():
    store = Store((6, "deploy:7"), thinned=5)
    said, replayed = begin(store, "deploy:7")
    assert (said[0]["payload"]["reset"], replayed) == ([], ["6"])


def test_more_changes_of_state_than_anybody_wants_to_replay_are_a_reset():
    store = Store((1, "state"), (MAX_REPLAY + 1, "state"))
    assert begin(store, "state@0")[0][0]["payload"]["reset"] == ["state"]
    assert begin(store, "state@1")[0][0]["payload"]["reset"] == []


def test_a_place_in_the_ring_is_a_place_for_every_topic():
    store, ring = Store((1, "state"), (2, "state"), (3, "state")), Ring(epoch="5f")
    for event in (store.events[0], instance_line("a"), store.events[1], instance_line("b")):
        ring.append(event)
    said, replayed = begin(store, "state,instance:a1", "5f-2", ring=ring)
    assert said[0]["payload"]["cursors"] == {"state": "1", "instance:a1": "5f-2"}
    assert replayed == ["2", "3", "5f-4"]


def test_lines_of_an_instance_are_replayed_from_the_ring_as_far_as_it_goes():
    ring = Ring(epoch="5f", size=4)
    for number in range(6):
        ring.append(instance_line(str(number)))
    assert begin(Store(), "instance:a1@5f-2", ring=ring)[1] == ["5f-3", "5f-4", "5f-5", "5f-6"]
    assert begin(Store(), "instance:a1@5f-6", ring=ring)[1] == []
    assert begin(Store(), "instance:a1@5f-1", ring=ring)[0][0]["payload"]["reset"] == ["instance:a1"]


def test_a_thousand_readers_of_the_same_topics_share_one_set():
    ring = Ring()
    first, second = (
        open_stream(ring, MIXED.bounds, topics.parse(asked)) for asked in ("state,deploy:7", "deploy:7@2,state@1")
    )
    assert first.topics is second.topics


def test_what_is_published_while_the_store_is_asked_is_live():
    store, ring = Store((1, "state")), Ring()

    def bounds() -> tuple[int, int]:
        found = store.bounds()
        ring.append(Event(type="sighting", payload={}, at=1, id=2))
        return found

    opening = open_stream(ring, bounds, topics.parse("state@0"))
    assert ring.batch(opening.live, opening.topics, opening.newest)[1].startswith(b"id: 2\n")


def test_who_may_see_some_projects_hears_of_those_and_of_what_is_nobodys():
    store, ring = Store(), Ring()
    for project, kind in (("shop", "sighting"), ("cart", "sighting"), (None, "settings_changed"), (None, "receipt")):
        store.events.append(Event(type=kind, payload={}, at=1, id=len(store.events) + 1, project=project))
    asked = replace(topics.parse("state@0"), projects=frozenset({"shop"}))
    opening = open_stream(ring, store.bounds, asked)
    assert numbers(past(opening, ring, store.replay)) == ["1", "3"]
    for event in store.events:
        ring.append(replace(event, id=event.id + 4))
    assert numbers([ring.batch(1, opening.topics)[1]]) == ["5", "7"]
    assert numbers([ring.batch(1, open_stream(ring, store.bounds, topics.parse("state")).topics)[1]]) == list("5678")


def test_a_part_that_fell_behind_is_told_to_load_the_whole():
    ring = Ring(size=4)
    opening = open_stream(ring, Store().bounds, replace(topics.parse("state"), projects=frozenset({"shop"})))
    for number in range(9):
        ring.append(Event(type="sighting", payload={}, at=1, id=number + 1, project="shop"))
    assert json.loads(ring.batch(1, opening.topics)[1].partition(b"data: ")[2])["payload"] == {"topics": ["state"]}


def numbers(blocks):
    return re.findall(r"^id: (.*)$", b"".join(blocks).decode(), re.MULTILINE)


def test_metrics_begin_at_the_present_wherever_their_reader_was():
    ring = Ring(epoch="5f")
    for number in range(3):
        ring.append(Event(type="metrics", payload={"number": number}, at=1, topic="metrics"))
    for place in ("metrics@5f-1", "metrics@other-1", "metrics"):
        said, replayed = begin(Store(), place, ring=ring)
        assert (said[0]["payload"]["cursors"], said[0]["payload"]["reset"]) == ({"metrics": "5f-3"}, [])
        assert replayed == []
