"""One look at a time for each image and tag, so that an older answer never overwrites a newer one."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from weakref import WeakValueDictionary

from forge.domain.errors import ForgeError


class Stopped(ForgeError):
    """Forge is stopping: nothing more is asked or decided, and the store may be closed already."""

    code = "stopped"


class Flight:
    """The lock under which a tag is asked for and decided. `landed` counts the decisions made so far: whoever
    asked without the lock compares it, and asks again if somebody else has decided meanwhile.
    """

    __slots__ = ("__weakref__", "landed", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.landed = 0


class Flights:
    """Flights by key; one that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._flights: WeakValueDictionary[Hashable, Flight] = WeakValueDictionary()

    def of(self, key: Hashable) -> Flight:
        """The flight of `key`: the same one for everybody who holds it at the same time."""
        with self._guard:
            flight = self._flights.get(key)
            if flight is None:
                flight = self._flights[key] = Flight()
            return flight
