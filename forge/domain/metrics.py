"""What instances and the machine use of processor, memory and network, and how long that is kept in which detail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

TOPIC = "metrics"  # of the live stream
MACHINE = ""  # the machine as a subject, beside the ids of instances

# A longer time between two readings says nothing of what went on: the machine slept, or nobody could ask.
LONGEST = 300.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used until `at` (unix seconds). `cpu` in seconds, `received` and `sent` in bytes count up from the
    start; `memory` in bytes is held now, without what the system could take back. None: not known.
    """

    at: float
    cpu: float | None
    memory: int | None
    received: int | None = None
    sent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a subject (an instance's id, or MACHINE) used in the `seconds` up to `at` (unix seconds).

    `cpu` in processors (of the machine: in all of its processors, 0 to 1), `received` and `sent` in bytes per second,
    each the average; `memory` in bytes, the most. None: not known.
    """

    subject: str
    at: float
    seconds: float
    cpu: float | None = None
    memory: float | None = None
    received: float | None = None
    sent: float | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """One value for every `step` seconds, kept for `keep` seconds."""

    step: int
    keep: int

    @property
    def points(self) -> int:
        return self.keep // self.step


WINDOWS: Mapping[str, Tier] = {
    "30m": Tier(10, 1800),
    "2h": Tier(30, 2 * 3600),
    "24h": Tier(300, 86400),
    "7d": Tier(1800, 7 * 86400),
}


def between(subject: str, before: Usage, now: Usage, at: float) -> Sample | None:
    """What was used from one reading to the next, told as of `at`; None if that cannot be said."""
    seconds = now.at - before.at
    if not 0 < seconds <= LONGEST:
        return None
    pairs = [(now.cpu, before.cpu), (now.received, before.received), (now.sent, before.sent)]
    if any(one is not None and other is not None and one < other for one, other in pairs):
        return None  # what counts began anew: it was started again
    cpu, received, sent = (None if one is None or other is None else (one - other) / seconds for one, other in pairs)
    if subject == MACHINE and cpu is not None:
        cpu = min(cpu, 1.0)  # clocks differ by a little
    return Sample(subject=subject, at=at, seconds=seconds, cpu=cpu, memory=now.memory, received=received, sent=sent)


def together(one: Sample, other: Sample) -> Sample:
    """Two samples of a subject as one: averages weighed by their time, the most memory."""
    seconds = one.seconds + other.seconds

    def average(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else (a * one.seconds + b * other.seconds) / seconds

    memory = None if one.memory is None or other.memory is None else max(one.memory, other.memory)
    return replace(
        one,
        seconds=seconds,
        cpu=average(one.cpu, other.cpu),
        memory=memory,
        received=average(one.received, other.received),
        sent=average(one.sent, other.sent),
    )
