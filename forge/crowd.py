"""How much of what everybody shares one address may hold: it must not be able to take all of it."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

_log = logging.getLogger(__name__)
_TOLD_EVERY = 60.0  # seconds
_ONE_OWNER = 64  # bits of an IPv6 address: the rest is anybody's own to vary


def share_of(all: int) -> int:
    """How much of it one address may hold: a quarter."""
    return max(1, all // 4)


class Crowd:
    """Counts what each address holds; one may hold `most`. This machine and `spared` (addresses or networks: trusted
    proxies) stand for many people, and are not counted.
    """

    def __init__(self, most: int, spared: Iterable[str] = ()) -> None:
        self._most = most
        self._spared = tuple(ipaddress.ip_network(one) for one in spared)
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._told = -_TOLD_EVERY

    def is_full(self, address: str) -> bool:
        """Whether it holds as much as one may."""
        return (key := self._key(address)) is not None and self._held[key] >= self._most

    def enter(self, address: str) -> bool:
        """It holds one more; False, and it does not, if that would be too much."""
        if (key := self._key(address)) is None:
            return True
        with self._lock:
            if self._held[key] >= self._most:
                self._tell(key)
                return False
            self._held[key] += 1
            return True

    def leave(self, address: str) -> None:
        """It holds one less."""
        if (key := self._key(address)) is None:
            return
        with self._lock:
            self._held[key] -= 1
            if self._held[key] <= 0:
                del self._held[key]

    def _tell(self, key: str) -> None:
        now = time.monotonic()
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            _log.warning("%s holds %d connections, as many as one address may: it gets no more", key, self._most)

    def _key(self, address: str) -> str | None:
        """Under which name it is counted, None: not at all."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None  # a socket of this machine has none
        if isinstance(found, ipaddress.IPv6Address):
            found = found.ipv4_mapped or found
        if found.is_loopback or any(found in network for network in self._spared):
            return None
        return str(found if found.version == 4 else ipaddress.ip_network((found, _ONE_OWNER), strict=False))


class Door(socket.socket):
    """A listening socket that lets in as many from one address as may; whoever is too many is hung up on."""

    crowd: Crowd

    @classmethod
    def at(cls, listening: socket.socket, crowd: Crowd) -> Self:
        """In the place of `listening`, which is given up."""
        made = cls(listening.family, listening.type, listening.proto, fileno=listening.detach())
        made.crowd = crowd
        return made

    def accept(self) -> tuple[socket.socket, Any]:
        """Raise ConnectionAbortedError, which servers take for somebody who left again."""
        taken, address = super().accept()
        if not self.crowd.enter(address[0]):
            taken.close()
            raise ConnectionAbortedError(errno.ECONNABORTED, "it has too many connections")
        return _Guest.of(taken, self.crowd, address[0]), address


class _Guest(socket.socket):
    """A connection that is counted until it is closed. What `dup` makes of it is not."""

    _place: tuple[Crowd, str] | None = None

    @classmethod
    def of(cls, taken: socket.socket, crowd: Crowd, address: str) -> Self:
        made = cls(taken.family, taken.type, taken.proto, fileno=taken.detach())
        made._place = (crowd, address)
        return made

    def close(self) -> None:
        super().close()
        place, self._place = self._place, None
        if place is not None:
            place[0].leave(place[1])
