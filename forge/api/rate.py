"""How often somebody may ask: a bucket for each, which fills again with time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST = 10_000  # buckets; who would need more is many at once, and the fullest are forgotten first


@dataclass(slots=True)
class Rate:
    """`burst` at once, and `per_minute` as long as it goes on."""

    burst: int
    per_minute: float
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, who: str) -> float:
        """Take one for `who`: 0 if there was one, else the seconds until there is."""
        with self._lock:
            now = self.clock()
            left, since = self._left.pop(who, (float(self.burst), now))
            left = min(self.burst, left + (now - since) * self.per_minute / 60)
            wait = 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute
            self._left[who] = (left if wait else left - 1, now)
            if len(self._left) > _MOST:
                del self._left[next(iter(self._left))]  # who was seen longest ago
            return wait
