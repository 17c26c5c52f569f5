"""Who stands behind a cookie or a token, from memory: it is asked with every request, and for every open stream."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge.domain.events import PEOPLE, Event
from forge.domain.person import Person, Principal, Session, Token, owner
from forge.store.store import Store

_NO_CHANGE = frozenset({"sign_in_failed"})
_MAY_CHANGE = frozenset({"project_changed"})  # one that is deleted takes rights along


@dataclass(frozen=True, slots=True)
class Known:
    """All that the database says, at one moment."""

    people: Mapping[str, Person]
    sessions: Mapping[bytes, Session]
    tokens: Mapping[bytes, Token]

    def principal(self, person: str | None) -> Principal | None:
        """Who that is; None: nobody any more."""
        if person is None:
            return owner()
        return found.principal if (found := self.people.get(person)) is not None else None


class Standings:
    """Forgets what it knows with every event about people, and reads it anew when it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Known | None = None
        self._version = 0
        self._lock = threading.Lock()

    def hear(self, events: Sequence[Event]) -> None:
        """For Bus.subscribe."""
        if any(changes_standing(event) for event in events):
            with self._lock:
                self._version += 1
                self._known = None

    def known(self) -> Known:
        """Raise StoreUnavailable."""
        while (found := self._known) is None:
            version = self._version
            read = Known(
                {person.name: person for person in self._store.people.all()},
                self._store.sessions.all(),
                self._store.tokens.by_hash(),
            )
            with self._lock:
                if version == self._version:
                    self._known = read
        return found


def changes_standing(event: Event) -> bool:
    """Whether somebody may have other rights after it."""
    return event.type in _MAY_CHANGE or (event.topic == PEOPLE and event.type not in _NO_CHANGE)


def hash_of(id: str) -> bytes:
    """How what is random is kept: 256 bits need no slow hash."""
    return hashlib.sha256(id.encode("utf-8", "replace")).digest()
