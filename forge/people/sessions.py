"""Sessions: browsers that are signed in."""

from __future__ import annotations

import ipaddress
import math
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from forge.domain.errors import NotFound, Unauthorized, Unavailable
from forge.domain.person import OWNER, Principal, Session
from forge.people.standing import Standings, hash_of
from forge.store.people import told
from forge.store.store import Store

SECONDS = 30 * 86400.0
IDLE_SECONDS = 7 * 86400.0
_SEEN_EVERY = 60.0  # seconds: a request must not be a write
_AGENT_LENGTH = 200
_V6_HOST = 64  # bits of an address that change by themselves (RFC 8981)


class SessionService:
    """A session is a random id in a cookie; its hash is kept."""

    def __init__(self, store: Store, standings: Standings, clock: Callable[[], float] = time.time) -> None:
        self._store, self._standings, self.clock = store, standings, clock
        self._seen: dict[bytes, float] = {}

    def begin(
        self,
        person: str | None,
        *,
        address: str = "",
        agent: str = "",
        how: str = "password",
        instead: str = "",
        until: float = math.inf,
    ) -> str:
        """A new id for `person` (None: the machine's owner), in the place of the session `instead`. It ends at `until`
        (unix seconds), if that is sooner than usual.

        Raise Unauthorized if there is no such person any more.
        """
        made, now = secrets.token_urlsafe(32), self.clock()
        if self._standings.known().principal(person) is None:
            raise Unauthorized("There is nobody of that name any more.")
        session = Session(
            id="",
            person=person,
            made=now,
            seen=now,
            ends=min(until, now + SECONDS),
            address=address,
            agent=agent[:_AGENT_LENGTH],
        )
        name = person or OWNER
        with self._store.database.change() as change:
            self._store.sessions.thin(change, IDLE_SECONDS)
            if instead:
                self._store.sessions.end(change, hash_of(instead))
            self._store.sessions.add(change, hash_of(made), session)
            if person is not None:
                self._store.people.signed_in(change, person)
            told("signed_in", change, name, name=name, address=address, how=how)
        self._seen = {key: at for key, at in self._seen.items() if key in self._standings.known().sessions}
        return made

    def find(self, id: str, address: str | None = None) -> Principal | None:
        """Whom `id` stands for, if it has not ended; asked from `address`, it has to be where it was begun."""
        key = hash_of(id)
        session = self._standings.known().sessions.get(key)
        if session is None or not self._lasts(key, session):
            return None
        if address is not None and session.address and not is_one_place(session.address, address):
            return None
        return self._standings.known().principal(session.person)

    def ends(self, id: str) -> float:
        """When the session of a cookie ends (unix seconds); it has, if that is none."""
        session = self._standings.known().sessions.get(hash_of(id))
        return session.ends if session is not None else -math.inf

    def touch(self, id: str) -> None:
        """It was used just now."""
        key, now = hash_of(id), self.clock()
        session = self._standings.known().sessions.get(key)
        if session is None or 0 <= now - self._last(key, session) < _SEEN_EVERY:  # below 0: the clock was put back
            return
        self._seen[key] = now
        with suppress(Unavailable), self._store.database.change() as change:  # what is asked for is no write
            self._store.sessions.seen(change, key)

    def id_of(self, id: str) -> str:
        """By what name the session of a cookie is listed."""
        return hash_of(id).hex()[:16]

    def all(self) -> list[Session]:
        """Those that last, the latest used first."""
        known = self._standings.known()
        lasting = [
            replace(one, seen=self._last(key, one)) for key, one in known.sessions.items() if self._lasts(key, one)
        ]
        return sorted(lasting, key=lambda one: one.seen, reverse=True)

    def knows(self, person: str, address: str) -> bool:
        """Whether somebody is signed in from an address."""
        return any(one.person == person and one.address == address for one in self._standings.known().sessions.values())

    def end(self, id: str, actor: str) -> None:
        """End the session of a cookie, if it is one."""
        self._end(hash_of(id), actor)

    def end_listed(self, listed: str, actor: str, of: Principal | None = None) -> None:
        """End a session by the name it is listed by: one of `of`, None: anybody's. Raise NotFound."""
        for key, session in self._standings.known().sessions.items():
            if session.id == listed and (of is None or session.person == of.person):
                self._end(key, actor)
                return
        raise NotFound(f"There is no session {listed[:32]}", code="no_session")

    def end_others(self, person: str | None, besides: str, actor: str) -> None:
        """End all sessions of a person but the one of a cookie."""
        with self._store.database.change() as change:
            many = self._store.sessions.end_all(change, person, hash_of(besides))
            if many:
                told("session_ended", change, actor, name=person or OWNER, many=many)

    def _end(self, key: bytes, actor: str) -> None:
        session = self._standings.known().sessions.get(key)
        if session is None:
            return
        with self._store.database.change() as change:
            if self._store.sessions.end(change, key):
                told("session_ended", change, actor, name=session.person or OWNER, many=1)
        self._seen.pop(key, None)

    def _lasts(self, key: bytes, session: Session) -> bool:
        """A clock that was put back far ends it too: it must not last as long as that was wrong."""
        now = self.clock()
        return now < session.ends and abs(now - self._last(key, session)) < IDLE_SECONDS

    def _last(self, key: bytes, session: Session) -> float:
        """When it was used last; what is kept is written once a minute."""
        return self._seen.get(key, session.seen)


def is_one_place(one: str, other: str) -> bool:
    """Whether two addresses can be one browser's: the same, both this machine, or of one network of IPv6."""
    try:
        first, second = _address(one), _address(other)
    except ValueError:
        return one == other
    if first == second or (first.is_loopback and second.is_loopback):
        return True
    if isinstance(first, ipaddress.IPv4Address) or isinstance(second, ipaddress.IPv4Address):
        return False
    return int(first) >> _V6_HOST == int(second) >> _V6_HOST and not first.is_link_local


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """One of IPv4 that came as IPv6 is one of IPv4. Raise ValueError."""
    found = ipaddress.ip_address(text)
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
