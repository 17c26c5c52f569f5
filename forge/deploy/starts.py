"""How long a project's instances have taken to become healthy, and what that says of its time-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from forge.domain.project import Health, HealthKind

WAIT_UNTIL_HEALTHY = "wait until healthy"  # the step whose past durations say what a start takes
_ROOM = 1.25  # a limit that the slowest start came as close to as this will be passed some day


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Of the newest `count` starts, in seconds; `limit` is what is set, None: Forge derives it. `doubt`: why that
    limit would take back good images, "" if it would not.
    """

    count: int
    typical: float
    slowest: float
    limit: float | None
    doubt: str


def starts_of(health: Health, past: Sequence[float]) -> Starts:
    """`past`: seconds that starts which ended well have taken."""
    typical, slowest = (median(past), max(past)) if past else (0.0, 0.0)
    return Starts(
        count=len(past),
        typical=typical,
        slowest=slowest,
        limit=health.timeout,
        doubt=_doubt(health, typical, slowest) if past else "",
    )


def _doubt(health: Health, typical: float, slowest: float) -> str:
    limit, todo = health.timeout, "raise the health time-out, or leave it to Forge"
    if limit is None or health.kind is HealthKind.RUNNING:
        return ""
    if typical > limit:
        return f"Typical start {typical:.1f} s: your limit of {limit:g} s will take back good images: {todo}"
    if slowest * _ROOM > limit:
        return f"Slowest start {slowest:.1f} s: your limit of {limit:g} s may take back good images: {todo}"
    return ""
