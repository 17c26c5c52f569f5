"""Carries what is in the outbox: beside deploys, again when it failed, on from where a former Forge stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from forge.domain.errors import Conflict, ForgeError, NotFound
from forge.domain.events import Event
from forge.domain.notification import (
    LONGEST_QUIET,
    Answer,
    Delivery,
    DeliveryStatus,
    Notice,
    NoticeLevel,
    Notification,
    NotificationKind,
    Occasion,
)
from forge.notify.message import Message, message_of
from forge.notify.notices import TYPES
from forge.notify.outbox import Outbox
from forge.notify.services import AppriseSender
from forge.notify.webhook import WebhookSender
from forge.store.notifications import address_place, key_place
from forge.store.store import Store

_log = logging.getLogger(__name__)
RETRIES = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0)  # seconds before each further try: 16 h
PACE = 1.0  # seconds between two deliveries to one notification: chat services refuse more
LANES = 4  # deliveries at a time
_IDLE = 60.0  # seconds between looks when nothing is due
_AFTER_TROUBLE = 5.0
_CLOCK_SET = 60.0  # seconds that clocks drift apart by themselves at most


@dataclass(slots=True, kw_only=True)
class Courier:
    """One thread looks what is due; each delivery has a thread of its own, and a notification one at a time."""

    store: Store
    apprise: AppriseSender
    webhook: WebhookSender
    steady: Callable[[], float] | None = None  # by which a clock that was set is noticed
    outbox: Outbox = field(init=False)
    _offset: float | None = None
    _busy: dict[str, threading.Thread] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _news: bool = True
    _closing: bool = False
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store)

    # ---- running

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 2) -> None:
        """Begin no more. A delivery that is under way is made again after the next start, with the same id."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            threads = [*self._busy.values(), *([self._thread] if self._thread else [])]
        end = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def hear(self, events: Sequence[Event]) -> None:
        """For the bus: something was written down that may be worth a message."""
        if any(event.id and event.type in TYPES for event in events):
            self.wake()

    def wake(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._closing:
            try:
                wait = self._work()
            except ForgeError as error:  # the database is away: what happened is still there when it is back
                _log.warning("notifications wait: %s", error.message)
                wait = _AFTER_TROUBLE
            except Exception:  # noqa: BLE001  a mistake of ours must not end all messages
                _log.exception("notifications")
                wait = _IDLE
            with self._changed:
                if not self._news and not self._closing:
                    self._changed.wait(wait)

    def _work(self) -> float:
        """Fill the outbox and send off what is due; how many seconds to wait unless something happens."""
        self._news = False
        while self.outbox.fill():
            pass
        self._follow_clock()
        now = self.store.database.clock()
        for delivery in self.store.deliveries.due(now):
            with self._changed:
                if self._closing or len(self._busy) >= LANES:
                    break
                if delivery.notification in self._busy:
                    continue
                thread = threading.Thread(target=self._lane, args=(delivery,), name="deliver", daemon=True)
                self._busy[delivery.notification] = thread
                thread.start()
        due = self.store.deliveries.next_due()
        return _IDLE if due is None else min(_IDLE, max(PACE, due - now))

    def _follow_clock(self) -> None:
        """What waits, waits as long as it would have: a clock that is put back by hours must hold up no message."""
        if self.steady is None:
            return
        before, self._offset = self._offset, self.store.database.clock() - self.steady()
        if before is None:  # it may have been put back while nobody looked
            with self.store.database.change() as change:
                self.store.deliveries.pull_in(change, _CLOCK_SET, LONGEST_QUIET)
        elif abs(self._offset - before) > _CLOCK_SET:
            with self.store.database.change() as change:
                self.store.deliveries.shift(change, self._offset - before)

    def _lane(self, delivery: Delivery) -> None:
        try:
            self.deliver(delivery)
        except NotFound:
            pass  # it was forgotten meanwhile, with what waited for it
        except ForgeError as error:
            _log.warning("notification %s: %s", delivery.notification, error.message)
        except Exception:  # noqa: BLE001  the others must still be told
            _log.exception("notification %s", delivery.notification)
        finally:
            with self._changed:
                self._changed.wait_for(lambda: self._closing, PACE)  # whatever happened: nothing turns in circles
                self._busy.pop(delivery.notification, None)
            self.wake()

    # ---- one delivery

    def deliver(self, delivery: Delivery) -> Delivery:
        """One attempt, written down before it is made; the delivery as it is then."""
        notification = self.store.notifications.get(delivery.notification)
        again = self.store.database.clock() + RETRIES[min(delivery.attempts, len(RETRIES) - 1)]
        with self.store.database.change() as change:
            begun = self.store.deliveries.begin(change, delivery, again)
        if begun is None:
            return self.store.deliveries.get(delivery.id)
        answer = self._send(notification, message_of(begun, self._public_url(), self.store.database.clock()))
        again_at = self._next(begun, answer)
        with self.store.database.change() as change:
            self.store.deliveries.settle(change, begun, answer, again=again_at)
            if again_at is None and not answer.ok:
                change.emit(_gave_up(begun, answer, change.now))
        self._tell(begun.notification)
        return self.store.deliveries.get(begun.id)

    def test(self, name: str) -> Answer:
        """Send a message now, in this thread, past the outbox; raise NotFound."""
        notification, now = self.store.notifications.get(name), self.store.database.clock()
        notice = Notice(
            occasion=Occasion.WAITING, level=NoticeLevel.INFO, subject="test", at=now, path="/settings/notifications",
            project=notification.project, stage=notification.stage, title="Forge: a test",
            text=f"This is how the notification “{name}” reaches you.", facts={"test": True},
        )  # fmt: skip
        return self._send(notification, Message(key=str(uuid4()), notice=notice, url=self._public_url(), sent=now))

    def again(self, name: str, delivery: int) -> Delivery:
        """Send one anew that had ended; raise NotFound, also for another's, and Conflict for one that waits."""
        found = self.store.deliveries.get(delivery)
        if found.notification != name:
            raise NotFound(f"{name} has no delivery {delivery}", code="no_delivery")
        if found.status is DeliveryStatus.SENT:
            raise Conflict("It was sent: there is nothing to try again", code="sent")
        with self.store.database.change() as change:
            self.store.deliveries.again(change, delivery)
        self.wake()
        return self.store.deliveries.get(delivery)

    def _send(self, notification: Notification, message: Message) -> Answer:
        secrets, name = self.store.secrets, notification.name
        address = secrets.get(address_place(name))
        if notification.kind is NotificationKind.NOBODY or address is None:
            return Answer(ok=False, text="There is no address to send to: it keeps quiet")
        if notification.kind is NotificationKind.APPRISE:
            return self.apprise.send(address, message, local=notification.local)
        key = secrets.get(key_place(name))
        if key is None:
            return Answer(ok=False, text="There is no key to sign with: give it one")
        return self.webhook.send(address, key, message, local=notification.local)

    def _next(self, delivery: Delivery, answer: Answer) -> float | None:
        """When to try again; None: that was the last try, or none is needed."""
        if answer.ok or delivery.attempts > len(RETRIES):
            return None
        wait = max(RETRIES[delivery.attempts - 1], answer.retry_after or 0)
        return self.store.database.clock() + wait

    def _public_url(self) -> str | None:
        return self.store.preferences.get().public_url or None

    def _tell(self, name: str) -> None:
        """To whoever looks at the list just now; no news for the record."""
        at = self.store.database.clock()
        self.store.database.announce(Event(type="notification", payload={"name": name}, at=at))


def _gave_up(delivery: Delivery, answer: Answer, at: float) -> Event:
    """For the record: somebody should know that somebody was not told."""
    notice = delivery.notice
    payload = {"name": delivery.notification, "title": notice.title, "text": answer.text}
    return Event(type="notification_failed", payload=payload, at=at, project=notice.project, stage=notice.stage)
