"""Where Forge's own requests may go: judged by the address that is really connected to, before a byte is sent.

A name that resolves to something else than it did, and a redirect, end in a connection too. This machine and private
networks are allowed: that is where people's services are.
"""

from __future__ import annotations

import socket
from functools import cache
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any

from forge.domain.addresses import address_of, meant, never

if TYPE_CHECKING:
    from urllib3 import PoolManager

_allowed = {"link_local": False}  # one process, one policy: the settings' of its data folder


class Refused(ConnectionError):
    """Nothing is sent there; the text says why."""


def allow(*, link_local: bool) -> None:
    """Whether link-local addresses (169.254.0.0/16, fe80::/10) may be asked; metadata services never may."""
    _allowed["link_local"] = link_local


def why_not(host: str) -> str | None:
    """Why nothing is sent to an address; None if it may be, or is a name."""
    address = address_of(host)
    if address is None:
        return None
    real = meant(address)
    if real.is_link_local and not _allowed["link_local"] and never(address) is None:
        return f"{real} is a link-local address: start Forge with the setting link_local if that is meant"
    return never(address)


def check(connected: socket.socket) -> None:
    """Raise Refused, with the connection closed, unless it leads where Forge may ask."""
    peer = connected.getpeername()
    try:
        _check_address(str(peer[0]) if isinstance(peer, tuple) else "")
    except Refused:
        connected.close()
        raise


def check_name(host: str) -> None:
    """Raise Refused if any address that `host` has here is one where nothing may be sent: for `ssh`, which connects
    by itself. A name that only its configuration knows leads where the machine's owner wrote.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    for address in (host, *(str(one[4][0]) for one in found)):
        _check_address(address)


def connect(address: tuple[str, int], *given: Any, **more: Any) -> socket.socket:
    """As socket.create_connection; raise Refused for where nothing may be sent."""
    _check_address(address[0])  # without waiting for an answer that may never come
    made = socket.create_connection(address, *given, **more)
    check(made)
    return made


def judge(connection: HTTPConnection) -> None:
    """This connection of the standard library is checked when it connects, before TLS says a word."""
    connection._create_connection = connect  # type: ignore[attr-defined]  # noqa: SLF001  tests hold it to that


def guard(manager: PoolManager) -> None:
    """From now on the connections of `manager` are checked, and closed after an answer where that was asked for."""
    manager.pool_classes_by_scheme = _pools()


class _Judged:
    """What both kinds of urllib3's connections get; `_new_conn` is how it makes one (tests hold it to that)."""

    def _new_conn(self) -> socket.socket:
        _check_address(self.host)  # type: ignore[attr-defined]
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        check(made)
        return made

    def request(self, method: str, url: str, *given: Any, **more: Any) -> None:
        self.response_class = _Last if _is_last(more.get("headers")) else HTTPResponse
        super().request(method, url, *given, **more)  # type: ignore[misc]


def _check_address(text: str) -> None:
    if (reason := why_not(text)) is not None:
        raise Refused(reason)


@cache
def _pools() -> dict[str, Any]:
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, connection  # noqa: PLC0415  slow to import

    class Plain(_Judged, connection.HTTPConnection):
        pass

    class Tls(_Judged, connection.HTTPSConnection):
        pass

    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": Tls}),
    }


class _Last(HTTPResponse):
    """We said `Connection: close`: the connection is not kept, also where the answer does not repeat it."""

    def begin(self) -> None:
        super().begin()
        self.will_close = True


def _is_last(headers: Any) -> bool:
    return any(name.lower() == "connection" and value == "close" for name, value in (headers or {}).items())
