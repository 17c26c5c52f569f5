"""Where a message may go: each connection is judged by the address it really goes to, at the moment it is made.

A name that resolves to something else than it did, a redirect, a library that connects by itself: all of them end in
`socket.connect`, and Python asks its audit hooks before that. What is refused never leaves this machine. And what comes
back has a limit: such a library reads all that the other side sends into memory.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge.domain.addresses import Address, meant, never

_LARGEST = 1 << 20  # bytes of an answer: nobody reads more than its first words
_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"})


class _Refused(ConnectionError):
    """What the library that wanted to connect gets to see."""


@dataclass(slots=True)
class Bounds:
    """`local`: this machine and link-local addresses are allowed. `through` are proxies that lead out, and `refused` is
    the sentence of what was stopped.
    """

    local: bool = False
    through: frozenset[tuple[str, int]] = frozenset()
    refused: str | None = None


_bounds: ContextVar[Bounds | None] = ContextVar("bounds", default=None)
_installing = threading.Lock()
_installed = False


@contextmanager
def within(*, local: bool, through: frozenset[tuple[str, int]] = frozenset()) -> Iterator[Bounds]:
    """Inside, this thread connects only where it may."""
    _install()
    bounds = Bounds(local, through)
    token = _bounds.set(bounds)
    try:
        yield bounds
    finally:
        _bounds.reset(token)


def why_not(address: Address, *, local: bool) -> str | None:
    """Why nothing is sent to an address; None if it may be."""
    real, reason = meant(address), never(address)
    if reason is not None or local:
        return reason
    if real.is_loopback or real.is_unspecified:
        return f"{real} is this machine itself: allow it for this notification if that is meant"
    if real.is_link_local:
        return f"{real} is a link-local address: allow it for this notification if that is meant"
    return None


def proxies_of(environment: Mapping[str, str]) -> frozenset[tuple[str, int]]:
    """Addresses and ports of the HTTP proxies that the environment names: what goes through them is theirs to judge."""
    found = set()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        url = environment.get(name) or environment.get(name.upper()) or ""
        parts = urlsplit(url if "://" in url else f"//{url}")
        if not parts.hostname:
            continue
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found |= {(str(info[4][0]), port) for info in socket.getaddrinfo(parts.hostname, port)}
        except OSError:
            continue  # then nothing can go through it either
    return frozenset(found)


def _install() -> None:
    """An audit hook cannot be taken away again; outside of `within` it only looks at a variable."""
    global _installed  # noqa: PLW0603  one hook a process
    with _installing:
        if not _installed:
            sys.addaudithook(_audit)
            _limit_answers()
            _installed = True


def _limit_answers() -> None:
    """Of `requests`, by which nearly all of the library's services ask; what it does outside of `within` stays."""
    from requests import Response  # noqa: PLC0415  slow to import

    whole = Response.iter_content

    def iter_content(self: Response, *given: Any, **more: Any) -> Iterator[Any]:
        size, bounds = 0, _bounds.get()
        for piece in whole(self, *given, **more):
            size += len(piece)
            if bounds is not None and size > _LARGEST:
                self.close()
                bounds.refused = f"It answered with more than {_LARGEST >> 20} MiB: look at what is at this address"
                raise _Refused(bounds.refused)
            yield piece

    Response.iter_content = iter_content  # type: ignore[method-assign]


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _CONNECTS and event not in _STARTS:
        return
    bounds = _bounds.get()
    if bounds is None:
        return
    if event in _STARTS:
        reason: str | None = "It would start a program on this machine: nothing is started for a message"
    else:
        reason = _judge(bounds, arguments[1])
    if reason is not None:
        bounds.refused = reason
        raise _Refused(reason)


def _judge(bounds: Bounds, target: object) -> str | None:
    if target is None:  # along a connection that was judged when it was made
        return None
    if not isinstance(target, tuple) or len(target) < 2:
        return "It would connect to a socket of this machine: nothing is sent there"
    host, port = str(target[0]), target[1]
    if (host, port) in bounds.through:
        return None
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return f"It would connect to {host[:80]} without looking it up first: that cannot be judged"
    return why_not(address, local=bounds.local)
