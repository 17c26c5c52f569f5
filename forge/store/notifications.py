"""Notifications as they are kept, and the outbox: what is told is written down before it is sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from forge import typed
from forge.domain.errors import NotFound
from forge.domain.events import Event
from forge.domain.notification import Answer, Delivery, DeliveryStatus, Notice, Notification
from forge.store.database import Change, Database, from_json, to_json

_SENDABLE = (
    "status = 'waiting' AND notification IN "
    "(SELECT name FROM notification WHERE json_extract(configuration, '$.active'))"
)
KEPT = 500  # ended deliveries of each notification


def address_place(name: str) -> str:
    """Where a notification's address is in the vault."""
    return f"notification/{name}/address"


def key_place(name: str) -> str:
    """Where the key is that a webhook's deliveries are signed with."""
    return f"notification/{name}/key"


@dataclass(frozen=True, slots=True)
class Told:
    """A notification, and the newest event when it was made: earlier ones are not told."""

    notification: Notification
    since: int


class Notifications:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self) -> list[Told]:
        """All of them, by name."""
        rows = self._database.rows("SELECT configuration, since FROM notification ORDER BY name")
        return [Told(_notification(row), row["since"]) for row in rows]

    def all(self) -> list[Notification]:
        return [one.notification for one in self.told()]

    def get(self, name: str) -> Notification:
        """The notification; raise NotFound."""
        row = self._database.row("SELECT configuration FROM notification WHERE name = ?", (name,))
        if row is None:
            raise NotFound(f"There is no notification {name}", code="no_notification")
        return _notification(row)

    def put(self, change: Change, notification: Notification, actor: str) -> None:
        """Keep a notification, new or changed; raise NotFound if there is no such project or stage."""
        try:
            change.execute(
                "INSERT INTO notification (name, project, stage, configuration, since) "
                "VALUES (?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event')) "
                "ON CONFLICT (name) DO UPDATE SET project = excluded.project, stage = excluded.stage, "
                "configuration = excluded.configuration",
                (notification.name, notification.project, notification.stage, to_json(notification)),
            )
        except sqlite3.IntegrityError as error:
            where = "/".join(part for part in (notification.project, notification.stage) if part)
            fields = {"stage" if notification.stage else "project": "there is none"}
            raise NotFound(f"There is no {where} to tell of", code="no_place", fields=fields) from error
        change.emit(_changed(change, actor))

    def delete(self, change: Change, name: str, actor: str) -> None:
        """Forget a notification, its secrets and what waits for it; raise NotFound."""
        if not change.execute("DELETE FROM notification WHERE name = ?", (name,)).rowcount:
            raise NotFound(f"There is no notification {name}", code="no_notification")
        change.emit(_changed(change, actor))


class Deliveries:
    """The outbox. Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- reading

    def get(self, delivery: int) -> Delivery:
        """The delivery; raise NotFound."""
        row = self._database.row("SELECT * FROM delivery WHERE id = ?", (delivery,))
        if row is None:
            raise NotFound(f"There is no delivery {delivery}", code="no_delivery")
        return _delivery(row)

    def page(self, notification: str, *, before: int | None = None, limit: int = 50) -> list[Delivery]:
        """The newest first."""
        rows = self._database.rows(
            "SELECT * FROM delivery WHERE notification = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (notification, before or 1 << 62, limit),
        )
        return [_delivery(row) for row in rows]

    def about(self, notification: str, subject: str, limit: int = 5) -> list[Delivery]:
        """What was told of a subject, the newest first; what was dropped was not."""
        rows = self._database.rows(
            "SELECT * FROM delivery WHERE notification = ? AND subject = ? AND status <> 'dropped' "
            "ORDER BY id DESC LIMIT ?",
            (notification, subject, limit),
        )
        return [_delivery(row) for row in rows]

    def due(self, now: float) -> list[Delivery]:
        """Of each notification the one that has been due longest."""
        rows = self._database.rows(
            "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY notification ORDER BY due, id) AS place "  # noqa: S608
            f"FROM delivery WHERE {_SENDABLE} AND due <= ?) WHERE place = 1 ORDER BY due, id",
            (now,),
        )
        return [_delivery(row) for row in rows]

    def next_due(self) -> float | None:
        """When something is due next, in unix seconds; None if nothing waits."""
        row = self._database.row(f"SELECT min(due) AS due FROM delivery WHERE {_SENDABLE}")  # noqa: S608
        return row["due"] if row else None

    def last(self) -> Mapping[str, Delivery]:
        """Of each notification the newest that was tried."""
        rows = self._database.rows(
            "SELECT * FROM delivery WHERE id IN (SELECT max(id) FROM delivery WHERE attempts > 0 GROUP BY notification)"
        )
        return {row["notification"]: _delivery(row) for row in rows}

    def waiting(self) -> Mapping[str, int]:
        """How many wait for each notification."""
        sql = "SELECT notification, count(*) AS many FROM delivery WHERE status = 'waiting' GROUP BY notification"
        return {row["notification"]: row["many"] for row in self._database.rows(sql)}

    # ---- writing

    def add(self, change: Change, delivery: Delivery) -> None:
        """Put it into the outbox (its id is given here)."""
        change.execute(
            "INSERT INTO delivery (notification, key, event, subject, notice, status, attempts, created, due, answer) "
            "VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?, ?, '')",
            (delivery.notification, delivery.key, delivery.event, delivery.notice.subject, to_json(delivery.notice),
             change.now, delivery.due),
        )  # fmt: skip

    def replace(self, change: Change, delivery: Delivery, notice: Notice, event: int) -> None:
        """Tell `notice` in the place of one that was not tried yet."""
        change.execute("UPDATE delivery SET notice = ?, event = ? WHERE id = ?", (to_json(notice), event, delivery.id))

    def forget(self, change: Change, delivery: int) -> None:
        """Take one back that was not tried yet."""
        change.execute("DELETE FROM delivery WHERE id = ?", (delivery,))

    def begin(self, change: Change, delivery: Delivery, again: float) -> Delivery | None:
        """Write an attempt down before it is made; if Forge ends meanwhile, the next is at `again`. None if it is no
        longer waiting.
        """
        done = change.execute(
            "UPDATE delivery SET attempts = attempts + 1, due = ? WHERE id = ? AND status = 'waiting'",
            (again, delivery.id),
        )
        return replace(delivery, attempts=delivery.attempts + 1, due=again) if done.rowcount else None

    def settle(self, change: Change, delivery: Delivery, answer: Answer, *, again: float | None) -> None:
        """Write down how an attempt went; `again`: when the next is due, None: there is none."""
        status = (
            DeliveryStatus.SENT if answer.ok else DeliveryStatus.FAILED if again is None else DeliveryStatus.WAITING
        )
        ended = None if status is DeliveryStatus.WAITING else change.now
        change.execute(
            "UPDATE delivery SET status = ?, due = ?, ended = ?, answer = ?, code = ?, milliseconds = ? WHERE id = ?",
            (status, again or delivery.due, ended, answer.text, answer.code, answer.milliseconds, delivery.id),
        )

    def again(self, change: Change, delivery: int) -> None:
        """A person wants it sent (again), now."""
        change.execute(
            "UPDATE delivery SET status = 'waiting', attempts = 0, due = ?, ended = NULL WHERE id = ?",
            (change.now, delivery),
        )

    def shift(self, change: Change, seconds: float) -> None:
        """What waits is due so much later: the clock was set."""
        change.execute("UPDATE delivery SET due = due + ? WHERE status = 'waiting'", (seconds,))

    def pull_in(self, change: Change, ahead: float, longest: float) -> None:
        """What was written down by a clock that was ahead is due now: made more than `ahead` seconds from now, or due
        in more than `longest`.
        """
        change.execute(
            "UPDATE delivery SET due = ?1 WHERE status = 'waiting' AND (created > ?1 + ?2 OR due > ?1 + ?3)",
            (change.now, ahead, longest),
        )

    def drop_waiting(self, change: Change, reason: str) -> None:
        """Nobody is told any more of what waits."""
        change.execute(
            "UPDATE delivery SET status = 'dropped', ended = ?, answer = ? WHERE status = 'waiting'",
            (change.now, reason),
        )

    def thin(self, change: Change, notification: str, most_waiting: int, reason: str) -> None:
        """Drop the oldest of those that wait, if they are too many; forget ended ones past keeping."""
        change.execute(
            "UPDATE delivery SET status = 'dropped', ended = ?, answer = ? WHERE notification = ? "
            "AND status = 'waiting' AND id <= (SELECT id FROM delivery WHERE notification = ? AND status = 'waiting' "
            "ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (change.now, reason, notification, notification, most_waiting),
        )
        change.execute(
            "DELETE FROM delivery WHERE notification = ? AND status <> 'waiting' AND id <= (SELECT id FROM delivery "
            "WHERE notification = ? AND status <> 'waiting' ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (notification, notification, KEPT),
        )


def _changed(change: Change, actor: str) -> Event:
    return Event(type="settings_changed", payload={"names": ["notifications"]}, at=change.now, actor=actor)


def _notification(row: sqlite3.Row) -> Notification:
    return typed.decode(row["configuration"], Notification)


def _delivery(row: sqlite3.Row) -> Delivery:
    kept: dict[str, Any] = dict(row)
    values = {name: kept[name] for name in Delivery.__dataclass_fields__ if name != "notice"}
    return typed.convert({**values, "notice": from_json(kept["notice"])}, Delivery)
