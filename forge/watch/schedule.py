"""When each registry is asked again: its interval with jitter, and back-off while it is in trouble."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

JITTER = 0.1  # part of a delay, both ways
FIRST_RETRY = 30.0  # seconds; doubled with every failure
LONGEST_RETRY = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A registry that is to be polled every `interval` seconds (0: never) for `images`. `asked`: see Turn."""

    interval: float
    images: frozenset[str]
    asked: Hashable


@dataclass(slots=True)
class Turn:
    """A registry's place in the schedule. Times are unix seconds. `images`: whose tags are swept. `text`: what was
    wrong last, "" if nothing. `under_way`: a round runs now. `asked`: the registry as it is asked; another one is a
    reason to ask at once.
    """

    interval: float
    due: float
    asked: Hashable
    images: frozenset[str] = frozenset()
    last: float | None = None
    failures: int = 0
    text: str = ""
    rounds: int = 0
    under_way: bool = False


@dataclass(slots=True)
class Schedule:
    """The turns by registry. Not for several threads at once. `chance` gives 0 to 1."""

    chance: Callable[[], float] = random.random
    turns: dict[str, Turn] = field(default_factory=dict)

    def plan(self, now: float, wanted: Mapping[str, Wanted]) -> None:
        """Take over what is `wanted` now. A new registry and a changed one is due at once, one with a new image
        too unless it is in trouble.
        """
        for gone in self.turns.keys() - wanted.keys():
            del self.turns[gone]
        for key, want in wanted.items():
            turn = self.turns.get(key)
            if turn is None:
                turn = self.turns[key] = Turn(interval=want.interval, due=now, asked=want.asked)
            if turn.asked != want.asked or (want.images - turn.images and not turn.failures):
                turn.due = min(turn.due, now)
            turn.interval, turn.images, turn.asked = want.interval, want.images, want.asked

    def due(self, now: float) -> list[str]:
        """The registries whose turn it is."""
        return [key for key, turn in self.turns.items() if turn.interval > 0 and turn.due <= now and not turn.under_way]

    def begin(self, now: float) -> list[str]:
        """The same, under way from now on. A round that ends without a word about the registry comes again as after
        a first failure.
        """
        begun = self.due(now)
        for turn in (self.turns[key] for key in begun):
            turn.under_way, turn.due = True, now + self._about(_first_retry(turn))
        return begun

    def ended(self, key: str) -> None:
        """The round is no longer under way; whether it went well is told apart."""
        turn = self.turns.get(key)
        if turn is not None:
            turn.under_way = False

    def next(self) -> float | None:
        """When the next turn is; None if there is none."""
        waits = [turn.due for turn in self.turns.values() if turn.interval > 0 and not turn.under_way]
        return min(waits, default=None)

    def went_well(self, key: str, now: float) -> None:
        turn = self.turns.get(key)
        if turn is not None:
            turn.last, turn.failures, turn.text, turn.rounds = now, 0, "", turn.rounds + 1
            turn.due = now + self._about(turn.interval)

    def failed(self, key: str, now: float, text: str, retry_after: float | None) -> None:
        """Wait as long as the registry asks to, or longer with every failure, up to an hour."""
        turn = self.turns.get(key)
        if turn is not None:
            turn.last, turn.failures, turn.text = now, turn.failures + 1, text
            wait = min(LONGEST_RETRY, _first_retry(turn) * 2.0 ** min(turn.failures - 1, 12))
            asked = (retry_after or 0) * (1 + JITTER * self.chance())
            turn.due = now + max(self._about(wait), asked)

    def _about(self, seconds: float) -> float:
        return seconds * (1 - JITTER + 2 * JITTER * self.chance())


def _first_retry(turn: Turn) -> float:
    return min(FIRST_RETRY, turn.interval or FIRST_RETRY)
