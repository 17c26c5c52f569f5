"""The record of what happened: read for the activity feed and for replay to streams."""

from __future__ import annotations

import sqlite3

from forge.domain.events import STATE, Event
from forge.store.database import Change, Database, from_json


class Events:
    """Events are written by the changes that cause them (database.Change.emit)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bounds(self) -> tuple[int, int]:
        """(the oldest number that can be replayed, the newest given out); (1, 0) if nothing happened yet."""
        row = self._database.row("SELECT min(id) AS oldest FROM event")
        newest = self._database.row("SELECT seq FROM sqlite_sequence WHERE name = 'event'")
        last = int(newest["seq"]) if newest else 0
        return (int(row["oldest"]) if row and row["oldest"] else last + 1), last

    def after(self, topic: str, number: int, limit: int) -> list[Event]:
        """At most `limit` events of `topic` with a number above `number`, in order."""
        rows = self._database.rows(
            "SELECT * FROM event WHERE topic = ? AND id > ? ORDER BY id LIMIT ?", (topic, number, limit)
        )
        return [_event(row) for row in rows]

    def activity(self, *, before: int | None, limit: int, project: str | None = None) -> list[Event]:
        """Changes of state, the newest first, numbered below `before`."""
        rows = self._database.rows(
            "SELECT * FROM event WHERE topic = ? AND id < ? AND (? IS NULL OR project = ?) AND type <> 'deploy_step' "
            "ORDER BY id DESC LIMIT ?",
            (STATE, before or 1 << 62, project, project, limit),
        )
        return [_event(row) for row in rows]

    def thin(self, change: Change, keep: int) -> int:
        """Drop all but the newest `keep` numbers; how many went."""
        return change.execute("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?", (keep,)).rowcount


def _event(row: sqlite3.Row) -> Event:
    return Event(**{**dict(row), "payload": from_json(row["payload"])})
