"""Sightings and receipts as they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec

from forge import typed
from forge.domain.errors import NotFound
from forge.domain.events import Event
from forge.domain.sighting import Decision, Receipt, Sighting
from forge.store.database import Change, Database, from_json, to_json

# Receipts of what names no image: a registry tells of every blob and of Forge's own pulls, a few for each deploy.
_IDLE = "(images = '[]' AND decision = 'ignored')"
MOST_IDLE = 50
_SIGHTING = ("project", "stage", "tag", "digest", "source", "decision", "reason", "due", "deploy")


class Sightings:
    """What a tag meant is decided once, until it means something else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, sighting: int) -> Sighting:
        """The sighting; raise NotFound."""
        row = self._database.row("SELECT * FROM sighting WHERE id = ?", (sighting,))
        if row is None:
            raise NotFound(f"There is no sighting {sighting}", code="no_sighting")
        return _sighting(row)

    def last(self, project: str, stage: str, tag: str) -> Sighting | None:
        """What was seen of a tag last, and decided."""
        row = self._database.row(
            "SELECT * FROM sighting WHERE project = ? AND stage = ? AND tag = ? ORDER BY id DESC LIMIT 1",
            (project, stage, tag),
        )
        return _sighting(row) if row else None

    def latest(self, project: str, stage: str) -> dict[str, Sighting]:
        """Tag → what was seen of it last."""
        sql = "SELECT * FROM sighting WHERE project = ? AND stage = ? ORDER BY id"
        rows = self._database.rows(sql, (project, stage))
        return {row["tag"]: _sighting(row) for row in rows}

    def page(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        decisions: Sequence[Decision] = (),
        projects: Collection[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Sighting]:
        """The newest first; `projects` are those it may be of, None: all."""
        among = f"decision IN ({', '.join('?' * len(decisions))})" if decisions else "1"
        within = "1" if projects is None else f"project IN ({', '.join('?' * len(projects))})"
        sql = (
            "SELECT * FROM sighting WHERE id < ? AND (? IS NULL OR project = ?) AND (? IS NULL OR stage = ?) "  # noqa: S608
            f"AND {among} AND {within} ORDER BY id DESC LIMIT ?"
        )
        values = (before or 1 << 62, project, project, stage, stage, *decisions, *(projects or ()), limit)
        rows = self._database.rows(sql, values)
        return [_sighting(row) for row in rows]

    def due(self, now: float) -> list[Sighting]:
        """Held ones whose time has come, and what `reconsider` named; the oldest first."""
        rows = self._database.rows(
            "SELECT * FROM sighting WHERE due <= ? AND decision IN ('held', 'waiting') ORDER BY due, id", (now,)
        )
        return [_sighting(row) for row in rows]

    def reconsider(self, change: Change, project: str, stage: str) -> None:
        """Have decided anew, soon, what waits or is held in a stage: the rules have changed."""
        change.execute(
            "UPDATE sighting SET due = ? WHERE project = ? AND stage = ? AND decision IN ('held', 'waiting')",
            (change.now, project, stage),
        )

    def add(self, change: Change, sighting: Sighting) -> Sighting | None:
        """Keep a new one (its id is given here); None if the tag meant this digest when it was seen last."""
        last = change.execute(
            "SELECT digest FROM sighting WHERE project = ? AND stage = ? AND tag = ? ORDER BY id DESC LIMIT 1",
            (sighting.project, sighting.stage, sighting.tag),
        ).fetchone()
        if last is not None and last["digest"] == sighting.digest:
            return None
        values = [getattr(sighting, name) for name in _SIGHTING]
        cursor = change.execute(
            f"INSERT INTO sighting ({', '.join(_SIGHTING)}, seen) VALUES ({', '.join('?' * len(values))}, ?)",  # noqa: S608
            [*values, change.now],
        )
        kept = replace(sighting, id=int(cursor.lastrowid or 0), seen=change.now)
        _tell(change, kept)
        return kept

    def thin(self, change: Change, keep: int) -> int:
        """Drop all but the newest `keep` of each stage; how many. The last of a tag stays, as do those that wait: by
        them it is known that the tag was seen.
        """
        return change.execute(
            "DELETE FROM sighting WHERE id IN (SELECT id FROM (SELECT id, decision, "
            "row_number() OVER (PARTITION BY project, stage ORDER BY id DESC) AS place, "
            "row_number() OVER (PARTITION BY project, stage, tag ORDER BY id DESC) AS of_tag FROM sighting) "
            "WHERE place > ? AND of_tag > 1 AND decision NOT IN ('held', 'waiting'))",
            (keep,),
        ).rowcount

    def decide(
        self,
        change: Change,
        sighting: Sighting,
        decision: Decision,
        reason: str,
        *,
        due: float | None = None,
        deploy: int | None = None,
    ) -> Sighting | None:
        """Decide a waiting, held or superseded one anew; None if somebody else has decided it meanwhile."""
        decided = replace(sighting, decision=decision, reason=reason, due=due, deploy=deploy)
        done = change.execute(
            "UPDATE sighting SET decision = ?, reason = ?, due = ?, deploy = ? WHERE id = ? AND decision = ?",
            (decision, reason, due, deploy, sighting.id, sighting.decision),
        )
        if not done.rowcount:
            return None
        _tell(change, decided)
        return decided


class Receipts:
    """What became of each webhook delivery."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, receipt: int) -> Receipt:
        """The receipt; raise NotFound."""
        row = self._database.row("SELECT * FROM receipt WHERE id = ?", (receipt,))
        if row is None:
            raise NotFound(f"There is no receipt {receipt}", code="no_receipt")
        return _receipt(row)

    def page(self, *, before: int | None = None, limit: int = 50, idle: bool = True) -> list[Receipt]:
        """The newest first; not `idle`: without those that named nothing to look at (a pull, a blob)."""
        sql = f"SELECT * FROM receipt WHERE id < ? AND (? OR NOT {_IDLE}) ORDER BY id DESC LIMIT ?"  # noqa: S608
        rows = self._database.rows(sql, (before or 1 << 62, idle, limit))
        return [_receipt(row) for row in rows]

    def add(self, change: Change, receipt: Receipt, keep: int) -> Receipt:
        """Keep it (its id is given here), and only the newest `keep`; beside them the newest 50 of those that name
        no image, so that they push no others out.
        """
        cursor = change.execute(
            "INSERT INTO receipt (at, vendor, images, signature, decision, reason, body, headers, replay_of) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                change.now, receipt.vendor, to_json(receipt.images), receipt.signature, receipt.decision,
                receipt.reason, receipt.body, to_json(receipt.headers), receipt.replay_of,
            ),
        )  # fmt: skip
        kept = replace(receipt, id=int(cursor.lastrowid or 0), at=change.now)
        self._prune(change, f"NOT {_IDLE}", keep)
        self._prune(change, _IDLE, min(keep, MOST_IDLE))
        self._tell(change, kept)
        return kept

    @staticmethod
    def _prune(change: Change, which: str, keep: int) -> None:
        change.execute(
            f"DELETE FROM receipt WHERE {which} AND id <= "  # noqa: S608
            f"(SELECT id FROM receipt WHERE {which} ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (keep,),
        )

    def settle(self, change: Change, receipt: Receipt, decision: str, reason: str) -> Receipt:
        """Write what was decided in the end."""
        change.execute("UPDATE receipt SET decision = ?, reason = ? WHERE id = ?", (decision, reason, receipt.id))
        settled = replace(receipt, decision=decision, reason=reason)
        self._tell(change, settled)
        return settled

    @staticmethod
    def _tell(change: Change, receipt: Receipt) -> None:
        """A registry tells of every look that Forge takes at it: that is no news, and would crowd out what is."""
        if receipt.decision == "ignored" and not receipt.images:
            return
        payload = {key: value for key, value in msgspec.to_builtins(receipt).items() if key not in {"body", "headers"}}
        change.emit(Event(type="receipt", payload=payload, at=change.now, actor="webhook"))


def _tell(change: Change, sighting: Sighting) -> None:
    change.emit(
        Event(
            type="sighting",
            payload=msgspec.to_builtins(sighting),
            at=change.now,
            project=sighting.project,
            stage=sighting.stage,
            actor=sighting.source,
        )
    )


def _sighting(row: sqlite3.Row) -> Sighting:
    return typed.convert(dict(row), Sighting)


def _receipt(row: sqlite3.Row) -> Receipt:
    values = {**dict(row), "images": from_json(row["images"]), "headers": from_json(row["headers"])}
    return typed.convert(values, Receipt)
