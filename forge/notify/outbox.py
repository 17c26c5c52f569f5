"""From what happened to what is to be sent: each event is told once, and no subject floods anybody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from uuid import uuid4

from forge.domain.events import Event
from forge.domain.notification import Delivery, DeliveryStatus, Notice, Notification, NotificationKind, applying
from forge.notify.notices import TYPES, notice_of
from forge.store.database import Change
from forge.store.notifications import Told
from forge.store.store import Store

_log = logging.getLogger(__name__)
BURST = 2  # notices of a subject that are told at once: a trouble and its end
MOST_WAITING = 200  # deliveries of one notification
_CURSOR = "_notified"  # the number of the newest event that was looked at
_PAGE = 500


@dataclass(slots=True)
class Outbox:
    """Reads the kept events after its cursor. Deliveries and the cursor are one change: nothing is lost by a kill, and
    nothing is written twice.
    """

    store: Store
    new_key: Callable[[], str] = lambda: str(uuid4())
    _cursor: int | None = None

    def fill(self) -> bool:
        """Look at what has happened since; whether there may be more."""
        newest = self.store.events.bounds()[1]  # read first: who comes after it is told of later events only
        told = self.store.notifications.told()
        if not told:
            self._cursor = newest
            return False
        if self._cursor is None:
            kept = self.store.preferences.own(_CURSOR)
            self._cursor = kept if isinstance(kept, int) else min(one.since for one in told)
        events = self.store.events.of_types(TYPES, self._cursor, _PAGE)
        if not events:
            return False
        found = [(event, notice) for event in events if (notice := _notice(event)) is not None]
        if found:
            self._write(found, events[-1].id)
        self._cursor = events[-1].id
        return len(events) == _PAGE

    def _write(self, found: list[tuple[Event, Notice]], cursor: int) -> None:
        with self.store.database.change() as change:
            told = self.store.notifications.told()
            touched = {
                notification.name
                for event, notice in found
                for notification in _told_of(told, event, notice)
                if self._put(change, notification, event.id, notice)
            }
            for name in sorted(touched):
                self.store.deliveries.thin(change, name, MOST_WAITING, "Too many waited: newer ones were kept")
            self.store.preferences.keep(change, _CURSOR, cursor)

    def _put(self, change: Change, notification: Notification, event: int, notice: Notice) -> bool:
        """Whether there is something to tell to this one."""
        deliveries = self.store.deliveries
        before = deliveries.about(notification.name, notice.subject)
        newest = before[0] if before else None
        if notice.recovery and (newest is None or newest.notice.recovery):
            return False  # nobody heard of the trouble
        if newest is not None and newest.status is DeliveryStatus.WAITING and not newest.attempts:
            heard = next((one for one in before[1:] if one.attempts), None)
            self._join(change, newest, event, notice, heard)
            return True
        wanted = Delivery(
            id=0, notification=notification.name, key=self.new_key(), event=event, notice=notice, attempts=0,
            status=DeliveryStatus.WAITING, created=change.now, due=_due(notification, notice, before, change.now),
        )  # fmt: skip
        deliveries.add(change, wanted)
        return True

    def _join(self, change: Change, waiting: Delivery, event: int, notice: Notice, heard: Delivery | None) -> None:
        """The newest word stands for those that wait; a trouble that passed before anybody heard of it is not told."""
        if notice.recovery and (heard is None or heard.notice.recovery):
            self.store.deliveries.forget(change, waiting.id)
            return
        self.store.deliveries.replace(change, waiting, replace(notice, more=waiting.notice.more + 1), event)


def _notice(event: Event) -> Notice | None:
    """What to tell of an event; one that cannot be read, of an older Forge say, holds up no other."""
    try:
        return notice_of(event)
    except (KeyError, TypeError, AttributeError):
        _log.exception("event %d of type %s cannot be told", event.id, event.type)
        return None


def _told_of(told: Iterable[Told], event: Event, notice: Notice) -> list[Notification]:
    since = [one.notification for one in told if event.id > one.since]
    found = applying(since, notice.occasion, notice.project, notice.stage)
    return [one for one in found if one.kind is not NotificationKind.NOBODY]


def _due(notification: Notification, notice: Notice, before: list[Delivery], now: float) -> float:
    """At once, or when a trouble has settled; within the quiet time of too many others at its end."""
    due = now if notice.recovery else now + notice.settle
    recent = [one for one in before if now - notification.quiet < one.created <= now]  # later: the clock was put back
    return max(due, recent[BURST - 1].created + notification.quiet) if len(recent) >= BURST else due
