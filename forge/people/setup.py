"""The first start of a server: a link, good once, makes the first admin."""

from __future__ import annotations

import hmac
import secrets

from forge.domain.errors import Conflict, Unauthorized
from forge.domain.person import Person
from forge.people.accounts import Accounts
from forge.people.standing import hash_of
from forge.store.store import Store


class Setup:
    """The link's token is in memory only, as a hash: a new one with each start, while there is nobody."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        self._store, self._accounts = store, accounts
        self._hash: bytes | None = None

    def wanted(self) -> bool:
        """Whether there is nobody yet."""
        return not self._store.people.all()

    def token(self) -> str:
        """A new token; one before it is void."""
        made = secrets.token_urlsafe(32)
        self._hash = hash_of(made)
        return made

    def check(self, token: str) -> None:
        """Raise Conflict if there is somebody already, Unauthorized for a wrong token."""
        if not self.wanted():
            raise Conflict("Forge is set up already: sign in, or ask an admin for an account", code="set_up")
        if self._hash is None or not hmac.compare_digest(hash_of(token), self._hash):
            raise Unauthorized(
                "This setup link is not valid: take the one that Forge printed when it started last.",
                code="wrong_setup",
            )

    def use(self, token: str, name: str, password: str) -> Person:
        """Make the first admin. Raise as `check` does, or Invalid."""
        self.check(token)
        person = self._accounts.add_first(name, password)
        self._hash = None
        return person
