"""Where what an engine runs listens, and where Forge and a proxy reach it."""

from __future__ import annotations

import socket

from forge.domain.endpoint import Endpoint, is_address, is_everywhere, is_loopback
from forge.domain.errors import EngineError, Invalid
from forge.domain.route import EVERYWHERE, Reach
from forge.engines.access import Access

_HERE = "127.0.0.1"


def is_local(access: Access) -> bool:
    """Whether the engine is on this machine; False for an address that cannot be read."""
    try:
        return access.endpoint.on_this_machine
    except Invalid:
        return False


def reach_of(access: Access) -> Reach:
    """On this machine: 127.0.0.1, and everywhere for a port that somebody chose. On another one: the address at which
    the engine is reached, and nowhere else, unless `listen` says so. Raise EngineError if that cannot be known.
    """
    local = is_local(access)
    listen = access.listen or (_HERE if local else _resolved(access))
    host = access.address or (access.endpoint.host if is_everywhere(listen) and not local else listen)
    if is_everywhere(host):
        host = _HERE
    return Reach(
        local=local, host=host, listen=listen, chosen=EVERYWHERE if local and access.listen is None else listen
    )


def _resolved(access: Access) -> str:
    endpoint = _endpoint(access)
    if is_address(endpoint.host):
        return endpoint.host
    try:
        found = socket.getaddrinfo(endpoint.host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    addresses = sorted({str(one[4][0]) for one in found}, key=lambda one: (":" in one, one))
    outside = [one for one in addresses if not is_loopback(one)]
    if not outside:
        raise EngineError(
            f"On which address of {endpoint.host} instances listen cannot be found out, as that name does not resolve "
            "here: give the engine's `listen`, an IP address of that machine",
            code="no_address",
        )
    return outside[0]


def _endpoint(access: Access) -> Endpoint:
    try:
        return access.endpoint
    except Invalid as error:
        raise EngineError(error.message, code=error.code) from None
