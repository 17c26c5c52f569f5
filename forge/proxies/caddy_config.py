"""Caddy's configuration as Forge reads and changes it: pure, from what is there to the one change that is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.proxies.asking import ASK_HEADER, TARGET_HEADER, parse_target

SERVERS = "/config/apps/http/servers"
NEW_SERVER = "forge"  # made only where Caddy has no HTTP server at all
# Caddy 2.7 and newer: else every change of its configuration closes all websockets, of whatever domain.
CLOSE_DELAY = "stream_close_delay"
_DELAY = "24h"
# Turns, so that each is seen to answer. Not longer than people wait: where none answers they are told so. Tries follow
# closely: Caddy answers 502 to who waits for the next one while its configuration changes (seen with 2.6.2).
_BALANCED = {
    "load_balancing": {"selection_policy": {"policy": "round_robin"}, "try_duration": "3s", "try_interval": "10ms"},
    "health_checks": {"passive": {"fail_duration": "5s", "max_fails": 1}},
}

Json = Mapping[str, Any]
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One request to the admin API."""

    method: str
    path: str
    value: Any = None


def plan_point(
    servers: Mapping[str, Json],
    connection: ProxyConnection,
    home: str,
    route: Route,
    *,
    streams: bool = False,
    again: bool = False,
) -> Change | None:
    """The change after which `route` holds; None if it holds and is not to be said `again`. `streams`: its websockets
    outlive later changes.

    Raise ProxyError: domain_taken, no_server, no_address.
    """
    name = choose_server(servers, connection)
    made = route_object(home, route, streams=streams)
    if name is None:
        return Change(method="PUT", path=f"{SERVERS}/{NEW_SERVER}", value=_server_object(_address_of(connection), made))
    routes = servers[name].get("routes")
    for other in routes or []:
        if not is_own(other, home, route.domain) and route.domain.lower() in _hosts(other):
            raise ProxyError(
                f"Another route in Caddy's server “{name}” already answers for {route.domain}: "
                "remove it there, or choose another domain",
                code="domain_taken",
            )
    return _change_of_route(
        f"{SERVERS}/{quote(name, safe='')}/routes", routes, made, route, streams=streams, again=again
    )


def plan_remove(servers: Mapping[str, Json], home: str, domain: str) -> Change | None:
    """The change that takes away one of Forge's routes for `domain`; None if there is none left."""
    for name, server in servers.items():
        for index, route in enumerate(server.get("routes") or []):
            if is_own(route, home, domain):
                return Change(method="DELETE", path=f"{SERVERS}/{quote(name, safe='')}/routes/{index}")
    return None


def own_routes(servers: Mapping[str, Json], home: str) -> tuple[Route, ...]:
    """Every route with Forge's mark for `home`, whichever server has it."""
    found = []
    for server in servers.values():
        for made in server.get("routes") or []:
            domain = str(made.get("@id", "")).removeprefix(_mark(home, ""))
            targets = _targets(made)
            if targets and is_own(made, home, domain):
                found.append(Route(domain, targets))
    return tuple(found)


def choose_server(servers: Mapping[str, Json], connection: ProxyConnection) -> str | None:
    """The server to work in: the one that is named, else the one that listens on the address' port, else the only one.

    None if there is none at all; ProxyError with code no_server if that cannot be told.
    """
    wanted, names = connection.options.get("server"), ", ".join(sorted(servers)) or "none"
    if wanted:
        if wanted in servers:
            return wanted
        raise ProxyError(
            f"Caddy has no server “{wanted}” (it has: {names}): correct the proxy's option “server”", code="no_server"
        )
    if not servers:
        return None
    if connection.address:
        port = port_of(connection.address)
        fitting = [name for name, server in servers.items() if listens(server, port)]
        if len(fitting) == 1:
            return fitting[0]
    if len(servers) == 1:
        return next(iter(servers))
    raise ProxyError(
        f"Caddy has several servers ({names}) and it is not clear which one to use: "
        "name one in the proxy's option “server”, or give the address on which people reach it",
        code="no_server",
    )


def listens(server: Json, port: int) -> bool:
    """Whether `server` listens on the TCP `port`; ranges such as :8000-8010 count."""
    for listen in server.get("listen") or []:
        low, _, high = str(listen).rpartition(":")[2].partition("-")
        if low.isdecimal() and int(low) <= port <= int(high if high.isdecimal() else low):
            return True
    return False


def port_of(url: str) -> int:
    """The port of http(s)://host[:port]."""
    parts = urlsplit(url)
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def is_own(made: Json, home: str, domain: str) -> bool:
    """Whether `made` carries Forge's mark for `home` and `domain`, and answers for that domain."""
    return made.get("@id") == _mark(home, domain) and domain.lower() in _hosts(made)


def route_object(home: str, route: Route, *, streams: bool = False) -> dict[str, Any]:
    """Caddy's object for `route`. Only a request with X-Forge-Ask is told in X-Forge-Target who answered; what Caddy
    answers itself (502) never carries it.
    """
    tell = {
        "handler": "headers",
        "response": {"deferred": True, "set": {TARGET_HEADER: ["{http.reverse_proxy.upstream.hostport}"]}},
    }
    told = {"match": [{"header": {ASK_HEADER: ["*"]}}], "handle": [tell]}
    return {
        "@id": _mark(home, route.domain),
        "match": [{"host": [route.domain]}],
        "handle": [
            {"handler": "subroute", "routes": [told]},
            {"handler": "reverse_proxy", **_leads_to(route), **_kept(streams)},
        ],
        "terminal": True,
    }


def _change_of_route(
    path: str, routes: Sequence[Json] | None, made: Json, route: Route, *, streams: bool, again: bool
) -> Change | None:
    for index, present in enumerate(routes or []):
        if present.get("@id") == made["@id"] and route.domain.lower() in _hosts(present):
            at = _proxy_at(present)
            if at is None:
                return Change(method="PATCH", path=f"{path}/{index}", value=made)
            handler, place = present["handle"][at], f"{path}/{index}/handle/{at}"
            wanted = _led_to(route, handler)
            if not again and wanted == handler:
                return None
            if streams and CLOSE_DELAY not in handler:  # made for a Caddy, or by a Forge, without it
                wanted |= _kept(streams)
            elif wanted == {**handler, "upstreams": wanted["upstreams"]}:
                # POST sets or creates, PATCH only replaces; POST would append to a list that is there
                method = "PATCH" if "upstreams" in handler else "POST"
                return Change(method=method, path=f"{place}/upstreams", value=wanted["upstreams"])
            return Change(method="PATCH", path=place, value=wanted)
    if not routes:  # Caddy cannot insert at an index of an empty list, and POST sets a missing one
        return Change(method="POST", path=path, value=[made] if routes is None else made)
    return Change(method="PUT", path=f"{path}/0", value=made)  # first: no stranger's catch-all comes before it


def _server_object(address: str, made: Json) -> dict[str, Any]:
    server: dict[str, Any] = {"listen": [f":{port_of(address)}"], "routes": [made]}
    if urlsplit(address).scheme == "http":
        server["automatic_https"] = {"disable": True}  # else Caddy turns a port other than 80 into HTTPS
    return server


def _address_of(connection: ProxyConnection) -> str:
    if connection.address:
        return connection.address
    raise ProxyError(
        "Caddy has no server yet and the proxy has no address: give the address on which people reach it, "
        "such as http://127.0.0.1:8080",
        code="no_address",
    )


def _mark(home: str, domain: str) -> str:
    return f"forge-{home}-{domain}"


def _leads_to(route: Route) -> dict[str, Any]:
    """To each of several in turn. Who does not answer is left out for a while, and its request is given to the next:
    any that it never got, of others only a GET (Caddy's own rule).
    """
    upstreams = [{"dial": str(target)} for target in route.targets]
    return {"upstreams": upstreams} | (_BALANCED if len(upstreams) > 1 else {})


def _led_to(route: Route, handler: Json) -> dict[str, Any]:
    """`handler` as it leads to `route`; how a person balances there stays."""
    theirs = {name: value for name, value in handler.items() if value != _BALANCED.get(name)}
    wanted = _leads_to(route)
    return {**wanted, **theirs, "upstreams": wanted["upstreams"]}


def _kept(streams: bool) -> dict[str, str]:
    return {CLOSE_DELAY: _DELAY} if streams else {}


def _proxy_at(made: Json) -> int | None:
    handlers = enumerate(made.get("handle") or [])
    return next((index for index, handler in handlers if handler.get("handler") == "reverse_proxy"), None)


def _targets(made: Json) -> tuple[Target, ...]:
    at = _proxy_at(made)
    upstreams = made["handle"][at].get("upstreams") if at is not None else None
    found = (parse_target(str(upstream.get("dial", ""))) for upstream in upstreams or ())
    return tuple(target for target in found if target is not None)


def _hosts(route: Json) -> Iterator[str]:
    """Every host that `route` or a route inside it matches by name."""
    for matcher in route.get("match") or []:
        yield from (str(host).lower() for host in matcher.get("host") or [])
    for handler in route.get("handle") or []:
        for inner in handler.get("routes") or []:
            yield from _hosts(inner)
