"""Passwords that cost little to check, and are counted: tests have many, and measure no time."""

from __future__ import annotations

from argon2 import PasswordHasher

from forge.people.passwords import Passwords
from forge.people.service import People


class Counted(PasswordHasher):
    """argon2id with the least of everything; `checked` is how often a hash was verified."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checked = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.checked += 1
        return super().verify(hash, password)


def cheap() -> Passwords:
    return Passwords(Counted())


def cheapen(people: People) -> Counted:
    """Make the passwords of a Forge cheap, from now on."""
    hasher = people.entrance.passwords.hasher = Counted()
    return hasher
