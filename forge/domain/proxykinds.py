"""The kinds of proxy, what each can be told, and what a project may ask of each for its routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forge.domain.errors import Invalid

FLAG = frozenset({"true", "false"})
TEXT: frozenset[str] = frozenset()  # any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyKind:
    """What a kind of proxy can be told; a login is `username` and password. `options` are its own, plain text;
    `needs` must be there: a field or option with the sentence for who left it out. `routes` is what a project may ask
    of its routes, with the values that are allowed (TEXT: any). `balances`: one route may lead to several instances.
    """

    takes: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    needs: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    balances: bool = False


PROXY_KINDS: Mapping[str, ProxyKind] = {
    "caddy": ProxyKind(
        balances=True,
        takes=frozenset({"url", "address"}),
        options=frozenset({"server", "reach"}),
        needs={"url": "Caddy needs the url of its admin API, such as http://127.0.0.1:2019"},
    ),
    "npm": ProxyKind(
        takes=frozenset({"url", "address", "username"}),
        options=frozenset({"tls_address", "reach", "email", "dns_provider", "dns_credentials"}),
        needs={
            "url": "Nginx Proxy Manager needs the url of its own pages, such as http://127.0.0.1:81",
            "username": "Nginx Proxy Manager needs a login: the e-mail address of one of its users, and the password",
        },
        routes={
            "adopt": FLAG,
            "certificate": frozenset({"auto", "none", "http", "dns"}),
            "https": FLAG,
            "http2": FLAG,
            "hsts": FLAG,
            "hsts_subdomains": FLAG,
            "websockets": FLAG,
            "block_exploits": FLAG,
            "caching": FLAG,
        },
    ),
    "traefik": ProxyKind(
        balances=True,
        takes=frozenset({"url", "address"}),
        options=frozenset({"directory", "entrypoints", "tls_address", "reach"}),
        needs={
            "directory": "Traefik needs the option “directory”: the folder that its file provider watches, "
            "such as directory=/etc/traefik/forge",
        },
        routes={"https": FLAG, "certificate_resolver": TEXT, "hsts": FLAG, "hsts_subdomains": FLAG},
    ),
    "published": ProxyKind(),
}


def check_route_options(kind: str, asked: Mapping[str, str]) -> None:
    """Raise Invalid for what a project may not ask of a proxy of `kind`."""
    known = PROXY_KINDS[kind].routes
    for name, value in asked.items():
        if name not in known:
            what = ", ".join(sorted(known)) or "none"
            raise _wrong(f"A {kind} proxy has no route option “{name[:40]}”: known are {what}", name)
        if known[name] and value not in known[name]:
            raise _wrong(f"The route option “{name}” is {' or '.join(sorted(known[name]))}", name)


def _wrong(sentence: str, name: str) -> Invalid:
    return Invalid(sentence, fields={"route": name[:40]})
