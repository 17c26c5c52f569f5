"""The looks that deliveries ask for: a few at a time, equal ones together, again when a registry is away."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.domain.errors import ForgeError, Unavailable
from forge.domain.sighting import Receipt
from forge.watch.flights import Stopped

_log = logging.getLogger(__name__)
RETRIES = (1.0, 5.0, 30.0, 120.0, 300.0)  # seconds before each further try
MOST_WAITING = 500
_Key = tuple[str, ...]


@dataclass(slots=True)
class Look:
    """Receipts of deliveries that name the same images, looked at together. `due` in unix seconds; `tries` so far."""

    images: _Key
    due: float
    receipts: list[Receipt] = field(default_factory=list)
    tries: int = 0


@dataclass(slots=True, kw_only=True)
class Looks:
    """`work` looks for the images of some receipts and settles them; it raises Unavailable to be asked again.
    `later` is told of that (receipts, the error, seconds to wait), `give_up` when there was no answer in the end.

    A delivery joins a look that has not begun. While one is under way a second one for the same images waits:
    what was pushed after the first had asked must be seen too.
    """

    work: Callable[[list[Receipt]], None]
    later: Callable[[list[Receipt], Unavailable, float], None]
    give_up: Callable[[list[Receipt], Unavailable], None]
    clock: Callable[[], float] = time.time
    threads: int = 3
    _waiting: dict[_Key, Look] = field(default_factory=dict)
    _running: set[_Key] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closing: bool = False
    _workers: list[threading.Thread] = field(default_factory=list)

    def submit(self, receipt: Receipt) -> bool:
        """Have the receipt's images looked at; False if too much waits already."""
        with self._changed:
            look = self._waiting.get(receipt.images)
            if look is None:
                if len(self._waiting) >= MOST_WAITING:
                    return False
                look = self._waiting[receipt.images] = Look(images=receipt.images, due=self.clock())
            look.receipts.append(receipt)
            self._changed.notify()
        return True

    def start(self) -> None:
        for number in range(self.threads):
            worker = threading.Thread(target=self._run, name=f"look-{number}", daemon=True)
            self._workers.append(worker)
            worker.start()

    def close(self, timeout: float = 1) -> None:
        """Begin no more; receipts that are not settled are looked at after the next start."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        end = time.monotonic() + timeout
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))

    def run_due(self) -> int:
        """Do in this thread what is due; how many looks that were. For tests."""
        done = 0
        while (look := self._next()) is not None:
            self._do(look)
            done += 1
        return done

    def _run(self) -> None:
        while not self._closing:
            look = self._next(wait=True)
            if look is not None:
                self._do_and_go_on(look)

    def _do_and_go_on(self, look: Look) -> None:
        try:
            self._do(look)
        except (ForgeError, sqlite3.Error):
            _log.exception("the receipts of %s could not be written", ", ".join(look.images))

    def _next(self, *, wait: bool = False) -> Look | None:
        """The look that has been due longest and whose images are not looked at now."""
        with self._changed:
            ready = [look for look in self._waiting.values() if look.images not in self._running]
            look = min(ready, key=lambda each: each.due, default=None)
            now = self.clock()
            if look is not None and look.due <= now:
                del self._waiting[look.images]
                self._running.add(look.images)
                return look
            if wait and not self._closing:
                self._changed.wait(None if look is None else look.due - now)
            return None

    def _do(self, look: Look) -> None:
        try:
            self.work(look.receipts)
        except Stopped:
            _log.info("%s is left for the next start", ", ".join(look.images))
        except Unavailable as error:
            self._again(look, error)
        except sqlite3.Error as error:
            self._again(look, Unavailable(f"The database could not be written: {error}."))
        finally:
            with self._changed:
                self._running.discard(look.images)
                self._changed.notify()

    def _again(self, look: Look, error: Unavailable) -> None:
        if look.tries >= len(RETRIES):
            self.give_up(look.receipts, error)
            return
        wait = max(RETRIES[look.tries], error.retry_after or 0)
        with self._changed:
            joined = self._waiting.get(look.images)
            receipts = look.receipts + (joined.receipts if joined else [])
            self._waiting[look.images] = Look(
                images=look.images, due=self.clock() + wait, receipts=receipts, tries=look.tries + 1
            )
        self.later(look.receipts, error, wait)
