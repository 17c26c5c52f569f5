"""What was used over time, as it is kept: every sample goes into a row of each detail, the old rows go."""

from __future__ import annotations

from collections.abc import Iterable

from forge.domain.metrics import WINDOWS, Sample, Tier
from forge.store.database import Change, Database

_ADD = """
INSERT INTO metric (subject, step, at, seconds, cpu, memory, received, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subject, step, at) DO UPDATE SET
    cpu = (cpu * seconds + excluded.cpu * excluded.seconds) / (seconds + excluded.seconds),
    memory = max(memory, excluded.memory),
    received = (received * seconds + excluded.received * excluded.seconds) / (seconds + excluded.seconds),
    sent = (sent * seconds + excluded.sent * excluded.seconds) / (seconds + excluded.seconds),
    seconds = seconds + excluded.seconds
"""


class Metrics:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, change: Change, samples: Iterable[Sample]) -> None:
        """Count `samples` in."""
        for sample in samples:
            values = (sample.seconds, sample.cpu, sample.memory, sample.received, sample.sent)
            for tier in WINDOWS.values():
                change.execute(_ADD, (sample.subject, tier.step, int(sample.at // tier.step) * tier.step, *values))

    def thin(self, change: Change) -> None:
        """Drop what is past keeping."""
        for tier in WINDOWS.values():
            change.execute(
                "DELETE FROM metric WHERE step = ? AND at < ?", (tier.step, change.now - tier.keep - tier.step)
            )

    def of(self, subject: str, tier: Tier, since: float) -> list[Sample]:
        """A subject's samples that began at `since` (unix seconds) or later, the oldest first."""
        rows = self._database.rows(
            "SELECT subject, at, seconds, cpu, memory, received, sent FROM metric "
            "WHERE subject = ? AND step = ? AND at >= ? ORDER BY at",
            (subject, tier.step, since),
        )
        return [Sample(**dict(row)) for row in rows]
