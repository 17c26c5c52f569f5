"""The looks that deliveries ask for: a few at a time, equal ones together, again when a registry is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.clock import steady
from forge.domain.errors import Unavailable
from forge.domain.sighting import Receipt
from forge.store.database import StoreUnavailable
from forge.watch.flights import Stopped

_log = logging.getLogger(__name__)
RETRIES = (2.0, 10.0, 30.0, 120.0, 300.0)  # seconds before each further try
MOST_WAITING = 500
_Key = tuple[str, ...]


@dataclass(slots=True)
class Look:
    """Receipts of deliveries that name the same images, looked at together. `due` in steady seconds; `tries` so far
    of a registry that is away. `answered`: it was looked at, and is looked at again.
    """

    images: _Key
    due: float
    receipts: list[Receipt] = field(default_factory=list)
    tries: int = 0
    answered: bool = False


@dataclass(slots=True, kw_only=True)
class Looks:
    """`work` looks for the images of some receipts and settles them, but for those that it gives back: they are
    looked at again when the time beside each comes (steady seconds). It raises Unavailable to be asked again; `later`
    is told of that (receipts, the error, seconds to wait), `give_up` when there was no answer in the end.

    A delivery joins a look that has not begun, and has it begin at once unless the registry was away. While one is
    under way a second one for the same images waits: what was pushed after the first had asked must be seen too.
    """

    work: Callable[[list[Receipt]], list[tuple[Receipt, float]]]
    later: Callable[[list[Receipt], Unavailable, float], None]
    give_up: Callable[[list[Receipt], Unavailable], None]
    clock: Callable[[], float] = steady
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
                if sum(not each.answered for each in self._waiting.values()) >= MOST_WAITING:
                    return False
                look = self._waiting[receipt.images] = Look(images=receipt.images, due=self.clock())
            look.receipts.append(receipt)
            if not look.tries:
                look.due = min(look.due, self.clock())
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
        except Exception:  # noqa: BLE001 the worker serves every delivery: one may not end it
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
            if again := self.work(look.receipts):
                self._put_back(look.images, [receipt for receipt, _ in again], min(due for _, due in again))
        except Stopped:
            _log.info("%s is left for the next start", ", ".join(look.images))
        except Unavailable as error:
            self._again(look, error)
        finally:
            with self._changed:
                self._running.discard(look.images)
                self._changed.notify()

    def _again(self, look: Look, error: Unavailable) -> None:
        if look.tries < len(RETRIES):
            self.later(look.receipts, error, self._wait(look, error))
            return
        try:
            self.give_up(look.receipts, error)
        except StoreUnavailable as away:  # what nobody could write down is not given up
            self._wait(look, away)
            raise

    def _wait(self, look: Look, error: Unavailable) -> float:
        """Have the look's turn come again; in how many seconds."""
        wait = max(RETRIES[min(look.tries, len(RETRIES) - 1)], error.retry_after or 0)
        self._put_back(look.images, look.receipts, self.clock() + wait, tries=look.tries + 1)
        return wait

    def _put_back(self, images: _Key, receipts: list[Receipt], due: float, tries: int = 0) -> None:
        """Have them waiting again, with what came meanwhile; that waits too where the registry is away (`tries`)."""
        with self._changed:
            joined = self._waiting.get(images) or Look(images=images, due=due)
            due = due if tries else min(due, joined.due)
            receipts = receipts + joined.receipts
            self._waiting[images] = Look(images=images, due=due, receipts=receipts, tries=tries, answered=not tries)
