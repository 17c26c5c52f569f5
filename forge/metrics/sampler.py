"""The sampler: measures now and then while nobody looks, often while somebody does, and never more than is cheap."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from forge.bus import Bus
from forge.domain.errors import ForgeError
from forge.domain.events import Event
from forge.domain.metrics import MACHINE, TOPIC, Sample
from forge.metrics.readings import Readings
from forge.store.store import Store

_log = logging.getLogger(__name__)
LOOKED_AT = 3.0  # seconds between two looks while somebody looks
ALONE = 30.0  # while nobody does
_LONGEST = 120.0
_EACH_LOOKED_AT = 0.03  # seconds more for each instance: with hundreds of them, looks are rarer
_EACH_ALONE = 0.4
_KEEP = 10.0  # seconds between two writes, at least
_THIN = 600.0
_MOST = 20_000  # samples that wait for a database that cannot be written


@dataclass(slots=True)
class Sampler:
    """A thread of its own. `latest` is what the last look found, by subject; samples that are not written down yet are
    `waiting`. Told by the streams which topics a reader opens and closes.
    """

    store: Store
    bus: Bus
    readings: Readings
    clock: Callable[[], float] = time.monotonic
    latest: Mapping[str, Sample] = field(default_factory=dict)
    _waiting: list[Sample] = field(default_factory=list)
    _readers: int = 0
    _last: float = 0
    _kept: float = 0
    _thinned: float = 0
    _closing: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """The first look is soon, but not while Forge starts; its samples come with the second."""
        self._last = self.clock() - self.every + LOOKED_AT
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin no more looks."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def join(self, timeout: float = 2) -> None:
        """Wait for its end, after the adapters were closed."""
        if self._thread is not None:
            self._thread.join(timeout)

    # ---- who looks

    def opened(self, topics: frozenset[str]) -> None:
        """A reader looks, if it wants the metrics: the next look is due sooner."""
        self._count(topics, 1)

    def closed(self, topics: frozenset[str]) -> None:
        """A reader has left."""
        self._count(topics, -1)

    def _count(self, topics: frozenset[str], more: int) -> None:
        if TOPIC in topics:
            with self._changed:
                self._readers += more
                self._changed.notify_all()

    @property
    def every(self) -> float:
        """Seconds from the end of a look to the next one."""
        if not self.latest:
            return LOOKED_AT  # two readings make the first samples
        least, each = (LOOKED_AT, _EACH_LOOKED_AT) if self._readers else (ALONE, _EACH_ALONE)
        return min(max(least, each * len(self.latest)), _LONGEST)

    @property
    def due(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._last + self.every - self.clock())

    def waiting(self) -> list[Sample]:
        """Samples that are not written down yet; ask for them before the written ones, so that none is missed."""
        with self._changed:
            return list(self._waiting)

    # ---- looking

    def _run(self) -> None:
        while self._is_due():
            try:
                self.look()
            except ForgeError as error:
                _log.warning("the look at what is used: %s", error.message)
            except Exception:  # noqa: BLE001 told in the log; without this thread there are no metrics
                _log.exception("the look at what is used failed")
        self._finish()

    def _finish(self) -> None:
        try:
            self._write(last=True)
        except ForgeError as error:
            _log.info("the last samples are lost: %s", error.message)

    def _is_due(self) -> bool:
        """Wait until it is; False when Forge closes."""
        with self._changed:
            while not self._closing and (left := self.due) > 0:
                self._changed.wait(left)
            return not self._closing

    def look(self) -> None:
        """Measure everything once, tell whoever looks, and write down what is due."""
        try:
            samples = self.readings.take()
        finally:
            self._last = self.clock()
        self.latest = {sample.subject: sample for sample in samples}
        with self._changed:
            self._waiting = [*self._waiting, *samples][-_MOST:]
        if self._readers:
            self.bus.publish([self._event()])
        self._write()

    def _event(self) -> Event:
        at = self.store.database.clock()
        disk = self.readings.machine.disk
        machine = _figures(self.latest[MACHINE]) if MACHINE in self.latest else None
        payload = {
            "every": self.every,
            "machine": machine and {**machine, "disk": disk.used if disk else None},
            "instances": {subject: _figures(one) for subject, one in self.latest.items() if subject != MACHINE},
        }
        return Event(type="metrics", payload=payload, at=at, topic=TOPIC)

    def _write(self, *, last: bool = False) -> None:
        now = self.clock()
        samples = self.waiting()
        if not samples or (now - self._kept < _KEEP and not last):
            return
        with self.store.database.change() as change:
            self.store.metrics.add(change, samples)
            if now - self._thinned >= _THIN:
                self.store.metrics.thin(change)
                self._thinned = now
        self._kept = now
        with self._changed:
            self._waiting = self._waiting[len(samples) :]


def _figures(sample: Sample) -> dict[str, Any]:
    """A sample as it goes out: what it is about and when is said around it."""
    return {name: value for name, value in asdict(sample).items() if name not in {"subject", "at", "seconds"}}
