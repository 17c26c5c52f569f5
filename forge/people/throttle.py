"""How long somebody has to wait who keeps guessing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

_FREE = 5  # failures that cost nothing: people mistype
_LONGEST = 300.0  # seconds: nobody is locked out for good
_FORGOTTEN = 3600.0  # seconds after the last failure
_MOST = 10_000  # keys: a flood from everywhere must not take the memory


@dataclass(slots=True)
class _Count:
    failures: int = 0
    last: float = 0.0
    before: float = 0.0  # the one before the last

    @property
    def until(self) -> float:
        over = self.failures - _FREE
        return self.last + min(_LONGEST, 2.0**over) if over >= 0 else 0.0


@dataclass(slots=True)
class Throttle:
    """Counts failures by key (a name, an address); after five the wait doubles with each, up to five minutes. `clock`
    is one that does not jump: setting the machine's must neither shut people out nor let anybody guess.
    """

    clock: Callable[[], float] = time.monotonic
    _counts: dict[str, _Count] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, keys: Iterable[str]) -> float:
        """Begin an attempt: 0 and it counts as a mistake until `undo`, else the seconds to wait; then it counts not."""
        now, keys = self.clock(), tuple(keys)
        with self._lock:
            waits = [self._counts[key].until - now for key in keys if key in self._counts]
            if (longest := max(waits, default=0.0)) > 0:
                return longest
            for key in keys:
                self._fail(key, now)
        return 0.0

    def undo(self, keys: Iterable[str]) -> None:
        """The attempt that began was no mistake; earlier ones stay."""
        with self._lock:
            for key in keys:
                if (count := self._counts.get(key)) is not None:
                    count.failures, count.last = count.failures - 1, count.before

    def forget(self, key: str) -> None:
        """All mistakes are forgiven."""
        with self._lock:
            self._counts.pop(key, None)

    def _fail(self, key: str, now: float) -> None:
        count = self._counts.pop(key, None)
        if count is None or now - count.last > _FORGOTTEN:
            count = _Count()
        count.failures, count.before, count.last = count.failures + 1, count.last, now
        self._counts[key] = count  # the latest are last
        if len(self._counts) > _MOST:
            del self._counts[next(iter(self._counts))]
