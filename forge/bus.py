"""Publish and subscribe in memory: what happened goes to everybody who wants to know, in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Lock

from forge.domain.events import Event

Subscriber = Callable[[Sequence[Event]], None]

log = logging.getLogger(__name__)


class Bus:
    """Hands events to subscribers, one after the other, in the publisher's thread.

    Order is the publisher's: the store publishes after commit, in order, under its own lock. A subscriber
    must be quick, and one that fails is logged and hurts nobody else.
    """

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()
        self._lock = Lock()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every batch from now on; what is returned ends that, and may be called twice."""

        # A name of its own each time, so that one function subscribed twice can leave once.
        def entry(events: Sequence[Event]) -> None:
            subscriber(events)

        with self._lock:
            self._subscribers = (*self._subscribers, entry)
        return lambda: self._remove(entry)

    def publish(self, events: Sequence[Event]) -> None:
        """Hand `events` to every subscriber; never raises for what a subscriber does."""
        if not events:
            return
        for subscriber in self._subscribers:
            try:
                subscriber(events)
            except Exception:  # whoever publishes has committed already: it must not fail for a listener
                log.exception("A subscriber failed on %d event(s), the first of type %s", len(events), events[0].type)

    def _remove(self, entry: Subscriber) -> None:
        with self._lock:
            self._subscribers = tuple(kept for kept in self._subscribers if kept is not entry)
