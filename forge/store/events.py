"""The record of what happened: read for the activity feed and for replay to streams."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from forge.domain.events import OF_ALL_PROJECTS, PEOPLE, STATE, Event
from forge.store.database import Change, Database, from_json

# What another event tells anyway: what a deploy does to instances is told by the deploy, a sighting that led to one by
# the deploy too, a delivery by its sightings. That an instance which should run changed by itself is news.
_TOLD_ANYWAY = """CASE type
    WHEN 'instance_status' THEN actor = 'forge' AND NOT (json_extract(payload, '$.wanted')
        AND (json_extract(payload, '$.status') IN ('unhealthy', 'missing')
            OR json_extract(payload, '$.status') IN ('running', 'stopped')
                AND at > (SELECT coalesce(ended, event.at) FROM deploy WHERE id = json_extract(payload, '$.deploy'))))
    WHEN 'sighting' THEN json_extract(payload, '$.decision') IN ('deploy', 'noted')
    WHEN 'receipt' THEN json_extract(payload, '$.decision') NOT IN ('refused', 'invalid', 'failed')
END"""


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

    def of_types(self, types: Sequence[str], number: int, limit: int) -> list[Event]:
        """At most `limit` changes of state of `types` with a number above `number`, in order."""
        marks = ", ".join("?" * len(types))
        sql = f"SELECT * FROM event WHERE topic = ? AND id > ? AND type IN ({marks}) ORDER BY id LIMIT ?"  # noqa: S608
        return [_event(row) for row in self._database.rows(sql, [STATE, number, *types, limit])]

    def activity(
        self,
        *,
        before: int | None,
        limit: int,
        project: str | None = None,
        stage: str | None = None,
        actor: str | None = None,
        types: Sequence[str] = (),
        projects: Collection[str] | None = None,
        quiet: bool = False,
        people: bool = False,
    ) -> list[Event]:
        """Changes of state, the newest first, numbered below `before`; `quiet`: without what others tell anyway.
        `projects` are those it may be of, beside what is of none; None: all. `people`: also what is about people.
        """
        topics = [STATE, PEOPLE] if people and project is None and stage is None else [STATE]  # people are of none
        where = [f"topic IN ({', '.join('?' * len(topics))})", "type <> 'deploy_step'"]
        values = list[Any](topics)
        for condition, value in (
            ("id < ?", before),
            ("project = ?", project),
            ("stage = ?", stage),
            ("actor = ?", actor),
        ):
            if value is not None:
                where.append(condition)
                values.append(value)
        if types:
            where.append(f"type IN ({', '.join('?' * len(types))})")
            values.extend(types)
        if projects is not None:
            where.append(f"(project IS NULL OR project IN ({', '.join('?' * len(projects))}))")
            where.append(f"type NOT IN ({', '.join('?' * len(OF_ALL_PROJECTS))})")
            values.extend([*projects, *OF_ALL_PROJECTS])
        if quiet:
            where.append(f"({_TOLD_ANYWAY}) IS NOT 1")  # NULL is news
        sql = f"SELECT * FROM event WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608
        return [_event(row) for row in self._database.rows(sql, [*values, limit])]

    def thin(self, change: Change, keep: int) -> int:
        """Drop all but the newest `keep` numbers; how many went."""
        return change.execute("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?", (keep,)).rowcount


def _event(row: sqlite3.Row) -> Event:
    return Event(**{**dict(row), "payload": from_json(row["payload"])})
