"""What was learned elsewhere, kept for a while: anybody can have it asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from forge.domain.errors import ForgeError
from forge.http import HttpFault

FAULT_KEPT = 5.0  # seconds
_TURN = 3.0  # seconds that others wait for their turn
T = TypeVar("T")


class Kept(Generic[T]):
    """What `learn` gives, learned anew after `seconds`; an error is kept for a moment only."""

    def __init__(self, learn: Callable[[], T], seconds: float, passed: Callable[[], float] = time.monotonic) -> None:
        self._learn, self._seconds, self._passed = learn, seconds, passed
        self._lock = threading.Lock()
        self._known: tuple[float, T | ForgeError] | None = None

    def get(self) -> T:
        """Raise what `learn` raised."""
        with turn(self._lock):
            if self._known is None or self._known[0] <= self._passed():
                self._known = self._learned()
            found = self._known[1]
        if isinstance(found, ForgeError):
            raise type(found)(**_parts(found))
        return found

    def _learned(self) -> tuple[float, T | ForgeError]:
        try:
            found = self._learn()
        except ForgeError as error:
            return self._passed() + FAULT_KEPT, error
        return self._passed() + self._seconds, found


@contextmanager
def turn(of: threading.Lock | threading.BoundedSemaphore) -> Iterator[None]:
    """Anybody can have a provider asked; one that hangs must hold up its own sign-ins only. Raise HttpFault."""
    if not of.acquire(timeout=_TURN):
        raise HttpFault("timeout", "The provider keeps others waiting just now: try again in a minute")
    try:
        yield
    finally:
        of.release()


def _parts(error: ForgeError) -> dict[str, Any]:
    """To raise it anew: a traceback must not grow with each time."""
    if isinstance(error, HttpFault):
        return {"fault": error.fault, "message": error.message}
    return {"message": error.message, "code": error.code}
