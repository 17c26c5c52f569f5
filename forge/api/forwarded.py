"""Behind a proxy: who asked, and how, as far as a proxy that is trusted says so."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HANDED_ON = "forge.handed_on"  # of a request's environment: whether a proxy passed it on, trusted or not
_SAID = ("FOR", "PROTO", "HOST", "PORT", "BY", "PREFIX", "SERVER")


def trusting(app: Wsgi, proxies: tuple[str, ...]) -> Wsgi:
    """`app`, told by X-Forwarded-For, -Proto and -Host of a request that comes from one of `proxies` (addresses or
    networks) who really asked. From anybody else, and of any other name, such headers do not reach it.
    """
    networks = tuple(ipaddress.ip_network(proxy) for proxy in proxies)

    def told(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        said = {name: environ.pop(f"HTTP_X_FORWARDED_{name}", "") for name in _SAID}
        others = [environ.pop("HTTP_FORWARDED", ""), environ.get("HTTP_X_REAL_IP", "")]
        environ[HANDED_ON] = any([*said.values(), *others])
        if _is_of(environ.get("REMOTE_ADDR", ""), networks):
            environ["REMOTE_ADDR"] = _client(environ["REMOTE_ADDR"], said["FOR"], networks)
            scheme, host = _last(said["PROTO"]).lower(), _last(said["HOST"])
            if scheme in {"http", "https"}:
                environ["wsgi.url_scheme"] = scheme
            if host:
                environ["HTTP_HOST"] = host
        return app(environ, start_response)

    return told


def _client(peer: str, said: str, networks: tuple[Network, ...]) -> str:
    """The nearest hop that is no trusted proxy: what stands before it, anybody could have written."""
    client = peer
    for hop in reversed([hop.strip() for hop in said.split(",") if hop.strip()]):
        address = _address(hop)
        if address is None:
            break
        client = str(address)
        if not any(address in network for network in networks):
            break
    return client


def _last(said: str) -> str:
    """What the proxy that spoke to us wrote: each appends."""
    return said.rpartition(",")[2].strip()


def _is_of(text: str, networks: tuple[Network, ...]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> Address | None:
    """192.0.2.1, 192.0.2.1:8080, 2001:db8::1 or [2001:db8::1]:8080; an IPv4 one that came as IPv6 is one of IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
