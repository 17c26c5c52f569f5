"""API tokens: what programs sign in with."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from forge.domain.errors import Forbidden, Invalid, NotFound, Unavailable
from forge.domain.person import OWNER, Principal, Token
from forge.domain.secret import Secret
from forge.people.standing import Standings, hash_of
from forge.store.database import Change
from forge.store.people import told
from forge.store.store import Store

PREFIX = "forge_"  # so that whoever finds one knows what it is
_USED_EVERY = 60.0  # seconds: a request must not be a write


class TokenService:
    """A token is 256 random bits; its hash is kept."""

    def __init__(self, store: Store, standings: Standings, clock: Callable[[], float] = time.time) -> None:
        self._store, self._standings, self.clock = store, standings, clock
        self._used: dict[int, float] = {}

    def make(self, token: Token, of: Principal) -> tuple[Token, Secret]:
        """A new one on behalf of `of`, and what is shown once. Raise Invalid, Forbidden or NotFound."""
        if token.role > of.role:
            raise Forbidden(f"A token may do no more than you: {of.role.word} at most.", code="role_too_high")
        if token.project is not None and not of.sees(token.project):
            raise NotFound(f"There is no project {token.project}", code="no_project")
        if token.expires is not None and token.expires <= self.clock():
            raise Invalid("This token would be over already", fields={"expires": "in the past"})
        secret = Secret(PREFIX + secrets.token_urlsafe(32))
        with self._store.database.change() as change:
            self._store.tokens.thin(change)
            made = self._store.tokens.add(change, hash_of(secret.reveal()), replace(token, person=of.person))
            self._told(change, of.name, replace(token, id=made, person=of.person), "made")
        return self._store.tokens.get(made), secret

    def find(self, text: str) -> Principal | None:
        """For whom a token asks, if it is one that stands."""
        known = self._standings.known()
        token = known.tokens.get(hash_of(text))
        if token is None or not token.stands(self.clock()):
            return None
        of = known.principal(token.person)
        return token.principal(of) if of is not None else None

    def touch(self, text: str) -> None:
        """It was used just now."""
        token, now = self._standings.known().tokens.get(hash_of(text)), self.clock()
        if token is None or 0 <= now - self._used.get(token.id, token.used or 0.0) < _USED_EVERY:
            return
        self._used[token.id] = now
        with suppress(Unavailable), self._store.database.change() as change:  # what is asked for is no write
            self._store.tokens.used(change, token.id)

    def all(self, of: Principal | None = None) -> list[Token]:
        """Those of `of`, None: everybody's; the newest first."""
        found = [token for token in self._store.tokens.all() if of is None or token.person == of.person]
        return found[::-1]

    def standing(self) -> list[Token]:
        """Everybody's that are not over."""
        now = self.clock()
        return [token for token in self._standings.known().tokens.values() if token.stands(now)]

    def end(self, id: int, actor: str, of: Principal | None = None) -> None:
        """It opens nothing from now on. Raise NotFound if it is not one of `of` (None: anybody's)."""
        token = self._store.tokens.get(id)
        if of is not None and token.person != of.person:
            raise NotFound(f"There is no token {id}", code="no_token")
        with self._store.database.change() as change:
            if self._store.tokens.end(change, id):
                self._told(change, actor, token, "ended")

    @staticmethod
    def _told(change: Change, actor: str, token: Token, what: str) -> None:
        told(
            "token_changed", change, actor, id=token.id, name=token.name, person=token.person or OWNER, change=what,
            project=token.project, stage=token.stage,
        )  # fmt: skip
