"""Passwords: argon2id, and the same work for everybody who tries."""

from __future__ import annotations

import secrets
import threading
from typing import Protocol

_AT_ONCE = 2  # verifying takes 64 MiB each: a flood of sign-ins must not take the machine's memory


class Hasher(Protocol):
    """Of argon2-cffi's PasswordHasher what is used of it."""

    def hash(self, password: str | bytes) -> str: ...

    def verify(self, hash: str | bytes, password: str | bytes) -> bool: ...

    def check_needs_rehash(self, hash: str | bytes) -> bool: ...


class Passwords:
    """Hashes and checks; `hasher` is for tests: argon2id with the parameters of RFC 9106 if not said."""

    def __init__(self, hasher: Hasher | None = None) -> None:
        self.hasher = hasher
        self._nobodys = ""
        self._lock = threading.Lock()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        with self._turn:
            return self._ready().hash(password)

    def check(self, hash: str | None, password: str) -> bool:
        """Whether `hash` is of `password`; without one (there is nobody of that name) it takes as long to say no."""
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415  slow to import

        hasher = self._ready()
        with self._turn:
            try:
                return hasher.verify(hash or self._nobodys, password) and hash is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_dated(self, hash: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._ready().check_needs_rehash(hash)

    def _ready(self) -> Hasher:
        """The hasher, with something to check where there is no password: made before anybody's is looked at."""
        with self._lock:
            if self.hasher is None:
                from argon2 import PasswordHasher  # noqa: PLC0415  slow to import

                self.hasher = PasswordHasher()
            if not self._nobodys:
                self._nobodys = self.hasher.hash(secrets.token_urlsafe(32))
            return self.hasher
