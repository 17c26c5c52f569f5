"""One-time tickets that sign a browser in, and a count of wrong tokens."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.domain.person import Principal
from forge.people.standing import hash_of

TICKET_SECONDS = 120.0
WRONG_PER_MINUTE = 20


@dataclass(slots=True)
class Tickets:
    """Random ids, good once and for a short time; only their hashes are kept, and only in memory."""

    clock: Callable[[], float] = time.monotonic
    _all: dict[bytes, tuple[Principal, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, principal: Principal) -> str:
        """A new one that stands for `principal`."""
        made, now = secrets.token_urlsafe(32), self.clock()
        with self._lock:
            for old in [key for key, (_, ends) in self._all.items() if ends <= now]:
                del self._all[old]
            self._all[hash_of(made)] = (principal, now + TICKET_SECONDS)
        return made

    def use(self, ticket: str) -> Principal | None:
        """Whom a ticket stood for until now, if anybody."""
        with self._lock:
            principal, ends = self._all.pop(hash_of(ticket), (None, 0.0))
        return principal if ends > self.clock() else None


@dataclass(slots=True)
class WrongTokens:
    """Counts wrong tokens over the last minute."""

    clock: Callable[[], float] = time.monotonic
    _times: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self) -> bool:
        """Count one; True if there were too many."""
        now = self.clock()
        with self._lock:
            self._times = [at for at in self._times[-WRONG_PER_MINUTE:] if at > now - 60]
            self._times.append(now)
            return len(self._times) > WRONG_PER_MINUTE
