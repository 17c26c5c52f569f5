"""One-time tickets that sign a browser in, and a count of wrong tokens."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.api.topics import always
from forge.domain.person import Principal
from forge.people.standing import hash_of

TICKET_SECONDS = 120.0
WRONG_PER_MINUTE = 20


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one stands for; see Tickets.make. `ends`: until when it can be used."""

    principal: Principal
    until: float
    ends: float
    stands: Callable[[], bool]
    own: bool


@dataclass(slots=True)
class Tickets:
    """Random ids, good once and for a short time; only their hashes are kept, and only in memory."""

    clock: Callable[[], float] = time.monotonic
    _all: dict[bytes, Ticket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(
        self, principal: Principal, stands: Callable[[], bool] = always, until: float = math.inf, *, own: bool = False
    ) -> str:
        """A new one that stands for `principal`, as long as that `stands`: with a session its tickets end. By it one is
        signed in `until` then at most (unix seconds): it gives no more than whoever made it has. `own`: it is of use
        only to processes of the user that Forge runs as.
        """
        made, now = secrets.token_urlsafe(32), self.clock()
        with self._lock:
            for old in [key for key, one in self._all.items() if one.ends <= now]:
                del self._all[old]
            self._all[hash_of(made)] = Ticket(principal, until, now + TICKET_SECONDS, stands, own)
        return made

    def use(self, ticket: str, *, another: Callable[[], bool] = lambda: False) -> Ticket | None:
        """What a ticket stood for until now, if anything; `another` says whether another user's process asks."""
        key = hash_of(ticket)
        with self._lock:
            found = self._all.get(key)
            if found is None or (found.own and another()):
                return None  # one that is not for them stays good for whom it was made
            del self._all[key]
        return found if found.ends > self.clock() and found.stands() else None


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
