"""Samples on a grid of equal steps, as a chart takes them; where nothing was measured there is nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forge.domain.metrics import Sample, Tier, together
from forge.metrics.sampler import Sampler

Line = list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What one subject used, a value for each step; as in forge.domain.metrics.Sample."""

    cpu: Line
    memory: Line
    received: Line
    sent: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`points` steps of `step` seconds from `start` (unix seconds, a multiple of step); the last holds the present."""

    start: int
    step: int
    points: int

    def lines(self, samples: Iterable[Sample]) -> Lines:
        """One subject's `samples`."""
        by_step: dict[int, Sample] = {}
        for sample in samples:
            index = int((sample.at - self.start) // self.step)
            if 0 <= index < self.points:
                by_step[index] = together(by_step[index], sample) if index in by_step else sample
        reach = {index: self._reach(sample.seconds) for index, sample in by_step.items()}
        return Lines(
            cpu=self._line({index: one.cpu for index, one in by_step.items()}, reach, digits=4),
            memory=self._line({index: one.memory for index, one in by_step.items()}, reach),
            received=self._line({index: one.received for index, one in by_step.items()}, reach),
            sent=self._line({index: one.sent for index, one in by_step.items()}, reach),
        )

    def _reach(self, seconds: float) -> int:
        """How many steps before its own a sample covers, if only in part; some that were made one after another may be
        longer than their step together.
        """
        return math.ceil(seconds / self.step) if seconds > 1.25 * self.step else 0

    def _line(self, values: Mapping[int, float | None], reach: Mapping[int, int], digits: int | None = None) -> Line:
        """Each value at its step; steps before it that it covers, too, lead up to it."""
        line: Line = [None] * self.points
        for index in sorted(values):
            value = values[index]
            first = max(0, index - reach[index])
            while first < index and line[first] is not None:
                first += 1
            before = line[first - 1] if first else None
            for at in range(first, index + 1):
                part = (at - first + 1) / (index - first + 1)
                line[at] = value if value is None or before is None else before + (value - before) * part
        return [None if value is None else round(value, digits) for value in line]


def grid(points: int, step: int, now: float) -> Grid:
    """The last `points` steps up to `now`."""
    end = (math.floor(now / step) + 1) * step
    return Grid(start=end - points * step, step=step, points=points)


def read(sampler: Sampler, subjects: Iterable[str], tier: Tier, onto: Grid) -> dict[str, Lines]:
    """What each of `subjects` used; one of which nothing is known has lines of nothing."""
    waiting: dict[str, list[Sample]] = {}
    for sample in sampler.waiting():
        waiting.setdefault(sample.subject, []).append(sample)
    written = sampler.store.metrics.of
    return {
        subject: onto.lines([*written(subject, tier, onto.start), *waiting.get(subject, [])]) for subject in subjects
    }
