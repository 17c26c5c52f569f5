"""What a reader of the live stream asks for: topics, each with the place that it knows already."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from forge.domain.errors import Invalid
from forge.domain.events import STATE

MAX_TOPICS = 20

_TOPIC = re.compile(r"state|people|metrics|deploy:[0-9]{1,15}|instance:[0-9a-z]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_PLACE = re.compile(r"([0-9a-z]{1,32})-([0-9]{1,15})")


def always() -> bool:
    """Who has no session cannot lose it."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The last thing a reader knows: event number `id` of the store (0: nothing yet), or, if `epoch` is not
    empty, frame `seq` of the ring of that name.
    """

    id: int = 0
    epoch: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A topic, and where to begin after; None begins at the present."""

    topic: str
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """All that one reader wants; no topic twice. `projects` are those they may see, None: all. `stands`: whether they
    are still who they were when they asked; asked from another thread, now and then.
    """

    wanted: tuple[Wanted, ...]
    projects: frozenset[str] | None = None
    stands: Callable[[], bool] = always


def parse(topics: str | None, last_event_id: str | None = None) -> Subscription:
    """Read `?topics=state@17,deploy:42,instance:a1b2c3@5f-9` and the Last-Event-ID header.

    Without topics it is the changes of state. The header is where a stream broke off, for all of its topics:
    it wins over older cursors in the query. A deploy without a cursor is wanted from its first line, all else
    from the present. Raises Invalid.
    """
    broken_off = _position(last_event_id, "Last-Event-ID") if last_event_id else None
    wanted = tuple(_wanted(item.strip(), broken_off) for item in (topics or STATE).split(","))
    names = [one.topic for one in wanted]
    if len(names) > MAX_TOPICS:
        raise _invalid(
            f"A stream has at most {MAX_TOPICS} topics, these are {len(names)}. Close some, or open another."
        )
    if twice := {name for name in names if names.count(name) > 1}:
        raise _invalid(f"The topic “{min(twice)}” is named twice. Name each topic once.")
    return Subscription(wanted=wanted)


def without(subscription: Subscription, topic: str) -> Subscription:
    """The same, but for `topic`."""
    return replace(subscription, wanted=tuple(one for one in subscription.wanted if one.topic != topic))


def _wanted(item: str, broken_off: Position | None) -> Wanted:
    topic, at, cursor = item.partition("@")
    if not _TOPIC.fullmatch(topic):
        raise _invalid(
            f"“{topic[:80]}” is no topic. Topics are “state”, “people”, “metrics”, “deploy:42”, “instance:a1b2c3”."
        )
    position = _position(cursor, "topics") if at and cursor else None
    if broken_off:
        return Wanted(topic=topic, position=_later(position, broken_off))
    if position is None and topic.startswith("deploy:"):
        position = Position()
    return Wanted(topic=topic, position=position)


def _later(cursor: Position | None, broken_off: Position) -> Position:
    comparable = cursor and cursor.epoch == broken_off.epoch
    return max(cursor, broken_off, key=lambda one: (one.id, one.seq)) if cursor and comparable else broken_off


def _position(text: str, field: str) -> Position:
    if _NUMBER.fullmatch(text):
        return Position(id=int(text))
    if place := _PLACE.fullmatch(text):
        return Position(epoch=place[1], seq=int(place[2]))
    raise _invalid(
        f"“{text[:80]}” is no place in the stream. Give back what came in “id:” or in hello's cursors.", field
    )


def _invalid(sentence: str, field: str = "topics") -> Invalid:
    return Invalid(sentence, fields={field: sentence})
