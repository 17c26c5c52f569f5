"""The second factor of people who want one: begun, confirmed, asked for, taken off."""

from __future__ import annotations

import time
from collections.abc import Callable

from forge.domain.errors import Conflict, Invalid
from forge.domain.secret import Secret
from forge.people import totp
from forge.store.people import new_totp_place, told, totp_place
from forge.store.store import Store


class Codes:
    """One-time codes by an authenticator, each taken once, and recovery codes."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self.clock = store, clock

    def begin(self, name: str) -> tuple[str, str]:
        """A new secret, and its address for an authenticator; not in force until confirmed. Raise Conflict."""
        if self._store.people.get(name).totp:
            raise Conflict("One-time codes are asked for already: take them off first", code="totp_on")
        secret = totp.new_secret()
        with self._store.database.change() as change:
            self._store.secrets.put(change, new_totp_place(name), Secret(secret))
        return secret, totp.address(secret, name)

    def confirm(self, name: str, code: str, actor: str) -> list[str]:
        """The authenticator has it: codes are asked for from now on. The recovery codes, shown once.

        Raise Invalid for a wrong code, Conflict if nothing was begun.
        """
        secret = self._store.secrets.get(new_totp_place(name))
        if secret is None or self._store.people.get(name).totp:
            raise Conflict("Begin anew: there is no code that waits to be confirmed", code="totp_not_begun")
        counter = totp.counter_of(secret.reveal(), code, self.clock())
        if counter is None:
            raise Invalid(
                "This is not the code that belongs to it: take the one shown now, and see to the clock of the phone",
                code="wrong_code",
                fields={"code": "not the one of now"},
            )
        codes = totp.new_recovery_codes()
        with self._store.database.change() as change:
            self._store.secrets.put(change, totp_place(name), secret)
            self._store.secrets.delete(change, new_totp_place(name))
            self._store.people.set_counter(change, name, counter)
            hashes = [kept for one in codes if (kept := totp.recovery_hash(one))]
            self._store.people.set_recovery_codes(change, name, hashes)
            told("person_changed", change, actor, name=name, change="totp_on")
        return codes

    def use(self, name: str, code: str) -> bool:
        """Use a code up, of the authenticator or for recovery; False if it is wrong, or was used."""
        secret = self._store.secrets.get(totp_place(name))
        now = self.clock()
        counter = totp.counter_of(secret.reveal(), code, now) if secret is not None else None
        recovery = totp.recovery_hash(code)
        with self._store.database.change() as change:
            if counter is not None:
                return self._store.people.use_counter(change, name, counter, totp.latest(now))
            if recovery is None or not self._store.people.use_recovery_code(change, name, recovery):
                return False
            told("person_changed", change, name, name=name, change="recovery_code_used")
            return True

    def remove(self, name: str, actor: str) -> None:
        """Ask for no codes any more. Raise NotFound."""
        if not self._store.people.get(name).totp:
            return
        with self._store.database.change() as change:
            self._store.secrets.delete(change, totp_place(name))
            self._store.people.set_counter(change, name, None)
            self._store.people.set_recovery_codes(change, name, ())
            told("person_changed", change, actor, name=name, change="totp_off")
