"""The entrance: a name, a password and a code, checked with the same work for everybody, and slowly for who guesses."""

from __future__ import annotations

import math

from forge.domain.errors import NotFound, TooMany, Unauthorized
from forge.people.codes import Codes
from forge.people.passwords import Passwords
from forge.people.sessions import SessionService
from forge.people.throttle import Throttle
from forge.store.people import told
from forge.store.store import Store

_NAME_LENGTH = 64


class Entrance:
    """Who comes in by `check` is who they say."""

    def __init__(
        self, store: Store, passwords: Passwords, codes: Codes, sessions: SessionService, throttle: Throttle
    ) -> None:
        self._store, self.passwords, self._codes = store, passwords, codes
        self._sessions, self._throttle = sessions, throttle

    def check(self, name: str, password: str, code: str | None, address: str) -> str:
        """The name of who that is. Raise Unauthorized with what is wrong, TooMany after too many mistakes."""
        name = name.strip().lower()[:_NAME_LENGTH]
        keys = self._keys(name, address)
        self._begin(keys)
        kept = self._store.people.password(name)
        if not self.passwords.check(kept, password):
            raise self._failed(name, address, "password")
        if self._store.people.get(name).totp:
            if not code:
                self._throttle.undo(keys)
                raise Unauthorized("Say the code of your authenticator, or a recovery code.", code="code_needed")
            if not self._codes.use(name, code):
                raise self._failed(name, address, "code")
        self._throttle.undo(keys)
        self._throttle.forget(keys[-1])
        if kept is not None and self.passwords.is_dated(kept):
            self._renew(name, password)
        return name

    def refused(self, address: str, why: str) -> None:
        """Somebody came with a token or a ticket that is none."""
        with self._store.database.change() as change:
            told("sign_in_failed", change, "forge", name=None, address=address, why=why)

    def prove(self, name: str, password: str) -> None:
        """Somebody who is signed in says their password once more. Raise Unauthorized or TooMany."""
        keys = (f"proof {name}",)
        self._begin(keys)
        if not self.passwords.check(self._store.people.password(name), password):
            raise Unauthorized("This is not your password.", code="wrong_password")
        self._throttle.forget(keys[0])

    def _keys(self, name: str, address: str) -> tuple[str, ...]:
        """Where somebody is signed in they are not kept waiting for what others try from elsewhere."""
        here = f"from {address}"
        return (here, f"{name} from {address}") if self._sessions.knows(name, address) else (here, f"as {name}")

    def _begin(self, keys: tuple[str, ...]) -> None:
        wait = math.ceil(self._throttle.begin(keys))
        if wait:
            raise TooMany(f"There were too many mistakes. Try again in {wait} seconds.", retry_after=wait)

    def _failed(self, name: str, address: str, why: str) -> Unauthorized:
        """Write it down; a name that nobody has may be a password, typed where it does not belong."""
        known = self._known(name)
        with self._store.database.change() as change:
            told(
                "sign_in_failed",
                change,
                name if known else "forge",
                name=name if known else None,
                address=address,
                why=why,
            )
        if why == "code":
            return Unauthorized("This code is wrong, or was used: wait for the next one.", code="wrong_code")
        return Unauthorized("Name or password is wrong.", code="wrong_sign_in")

    def _known(self, name: str) -> bool:
        try:
            self._store.people.get(name)
        except NotFound:
            return False
        return True

    def _renew(self, name: str, password: str) -> None:
        kept = self.passwords.hash(password)
        with self._store.database.change() as change:
            self._store.people.set_password(change, name, kept)
