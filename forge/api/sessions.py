"""Who is signed in: sessions behind a cookie, one-time tickets, and a count of wrong tokens."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from forge.domain.secret import Secret
from forge.store.store import Store

SESSION_SECONDS = 30 * 86400.0
TICKET_SECONDS = 120.0
WRONG_PER_MINUTE = 20


class Role(IntEnum):
    """What somebody may do; each includes those below."""

    VIEWER = 1  # see everything but secrets
    DEPLOYER = 2  # deploy, roll back, promote, start and stop
    ADMIN = 3  # change projects, connections and settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking. `projects` are those they may see, None: all."""

    name: str
    role: Role
    projects: frozenset[str] | None = None

    def sees(self, project: str) -> bool:
        return self.projects is None or project in self.projects


def _new() -> str:
    return secrets.token_urlsafe(32)


class Standing(msgspec.Struct, frozen=True):
    """An id that stands for somebody, as it is kept: its hash, and until when (unix seconds)."""

    hash: bytes
    name: str
    role: Role
    projects: frozenset[str] | None
    ends: float


def _forget(_: list[Standing]) -> None:
    """Nothing is kept."""


def _unheard() -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class Kept:
    """Random ids that stand for a principal until they end; only their hashes are kept.

    `keep` is given all that stands whenever that has changed; without it nothing outlives this process. `ended` is
    called when one was ended before its time.
    """

    seconds: float
    clock: Callable[[], float] = time.time
    new: Callable[[], str] = _new
    keep: Callable[[list[Standing]], None] = _forget
    ended: Callable[[], None] = _unheard
    _all: dict[bytes, tuple[Principal, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, principal: Principal) -> str:
        """A new id for `principal`."""
        made, now = self.new(), self.clock()
        with self._lock:
            for old in [key for key, (_, ends) in self._all.items() if ends <= now]:
                del self._all[old]
            self._all[_hash(made)] = (principal, now + self.seconds)
            self.keep(self._standing())
        return made

    def find(self, id: str) -> Principal | None:
        """Whom `id` stands for, if it has not ended."""
        principal, ends = self._all.get(_hash(id), (None, 0.0))
        return principal if ends > self.clock() else None

    def end(self, id: str) -> Principal | None:
        """End `id`; whom it stood for until now, if anybody."""
        with self._lock:
            principal, ends = self._all.pop(_hash(id), (None, 0.0))
            if principal is not None:
                self.keep(self._standing())
        if principal is not None:
            self.ended()
        return principal if ends > self.clock() else None

    def load(self, kept: Iterable[Standing]) -> None:
        """Let those stand again that were kept."""
        for one in kept:
            self._all[one.hash] = (Principal(name=one.name, role=one.role, projects=one.projects), one.ends)

    def _standing(self) -> list[Standing]:
        return [
            Standing(hash=hashed, name=principal.name, role=principal.role, projects=principal.projects, ends=ends)
            for hashed, (principal, ends) in self._all.items()
        ]


_PLACE = "api/sessions"  # in the vault


def sessions_of(store: Store, ended: Callable[[], None] = _unheard) -> Kept:
    """Sessions that outlive a restart of Forge, which must sign nobody out."""

    def keep(standing: list[Standing]) -> None:
        with store.database.change() as change:
            store.secrets.put(change, _PLACE, Secret(msgspec.json.encode(standing).decode()))

    sessions = Kept(SESSION_SECONDS, keep=keep, ended=ended)
    if (kept := store.secrets.get(_PLACE)) is not None:
        sessions.load(msgspec.json.decode(kept.reveal(), type=list[Standing]))
    return sessions


@dataclass(slots=True)
class WrongTokens:
    """Counts wrong tokens over the last minute."""

    clock: Callable[[], float] = time.time
    _times: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self) -> bool:
        """Count one; True if there were too many."""
        now = self.clock()
        with self._lock:
            self._times = [at for at in self._times[-WRONG_PER_MINUTE:] if at > now - 60]
            self._times.append(now)
            return len(self._times) > WRONG_PER_MINUTE


def _hash(id: str) -> bytes:
    return hashlib.sha256(id.encode("utf-8", "replace")).digest()
