"""NPM's proxy hosts as Forge reads and writes them: pure, from what is there to the fields that must change."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target

Host = Mapping[str, Any]

MARK = "forge"  # the key in `meta` that says whose a host is
HOSTS = "/nginx/proxy-hosts"
FLAGS = {
    "https": "ssl_forced",
    "http2": "http2_support",
    "hsts": "hsts_enabled",
    "hsts_subdomains": "hsts_subdomains",
    "websockets": "allow_websocket_upgrade",
    "block_exploits": "block_exploits",
    "caching": "caching_enabled",
}
TLS_FLAGS = ("ssl_forced", "http2_support", "hsts_enabled", "hsts_subdomains")

_OWN = ("forward_scheme", "forward_host", "forward_port", "certificate_id", "enabled", *FLAGS.values())
_BEGIN, _END = "# forge: begin", "# forge: end"
_BLOCK = re.compile(rf"\n*{_BEGIN}.*?{_END}\n?", re.DOTALL)
_TOKEN = re.compile(rf'{_BEGIN}.*?= "([0-9a-f]{{32}})"', re.DOTALL)


def find(hosts: Iterable[Host], domain: str) -> Host | None:
    """The host that has exactly this name among its own; NPM compares without case."""
    return next((host for host in hosts if domain.lower() in _names(host)), None)


def is_own(host: Host, home: str, domain: str) -> bool:
    """Whether `host` carries Forge's mark for `home` and `domain`."""
    mark = mark_of(host)
    return mark.get("home") == home and mark.get("domain") == domain and domain.lower() in _names(host)


def mark_of(host: Host) -> Mapping[str, Any]:
    """What Forge noted in a host; empty if nothing."""
    mark = (host.get("meta") or {}).get(MARK)
    return mark if isinstance(mark, dict) else {}


def own_routes(hosts: Iterable[Host], home: str) -> tuple[Route, ...]:
    """The routes of all hosts of `home` that people can use."""
    found = []
    for host in hosts:
        domain = str(mark_of(host).get("domain", ""))
        if is_own(host, home, domain) and host.get("enabled") and is_online(host):
            found.append(Route(domain, (target_of(host),)))
    return tuple(found)


def is_online(host: Host) -> bool:
    """Whether nginx took the host: absent means that NPM never got so far."""
    return (host.get("meta") or {}).get("nginx_online") is True


def fault_of(host: Host) -> str:
    """What nginx says is wrong with the host; "" if nothing."""
    meta = host.get("meta") or {}
    return "" if meta.get("nginx_online") is not False else str(meta.get("nginx_err") or "nginx gave no reason")[:500]


def target_of(host: Host) -> Target:
    return Target(str(host["forward_host"]).strip("[]"), int(host["forward_port"]))


def is_secure(host: Host) -> bool:
    """Whether people are sent on to https."""
    return bool(host.get("certificate_id")) and bool(host.get("ssl_forced"))


def token_of(host: Host) -> str | None:
    """The word by which the host tells Forge, and nobody else, who answers."""
    found = _TOKEN.search(str(host.get("advanced_config") or ""))
    return found[1] if found else None


def new_host(home: str, route: Route, certificate: int) -> dict[str, Any]:
    """All writable fields of a host that is to be made. `certificate` 0: none."""
    plain = dict.fromkeys(FLAGS.values(), False)
    fields = {
        **plain,
        "domain_names": [route.domain],
        "access_list_id": 0,
        "certificate_id": certificate,
        "http2_support": bool(certificate),
        "allow_websocket_upgrade": True,
        "locations": [],
        "advanced_config": "",
        "meta": {},
    }
    return fields | _wanted(fields, home, route, certificate)


def changes(host: Host, home: str, route: Route, certificate: int) -> dict[str, Any]:
    """The writable fields of `host` that must change for `route` to hold; what it does not speak of stays.

    A host that is not Forge's is taken over: what it was is noted in its mark.
    """
    wanted = _wanted(host, home, route, certificate)
    changed = {name: value for name, value in wanted.items() if name != "meta" and _plain(host, name) != value}
    if not is_own(host, home, route.domain):
        before = {name: _plain(host, name) for name in _OWN}
        changed["meta"] = _meta(host, {"home": home, "domain": route.domain, "before": before})
    return changed


def hand_back(host: Host) -> dict[str, Any] | None:
    """The fields that make an adopted host what it was; None for one that Forge made."""
    before = mark_of(host).get("before")
    if not isinstance(before, dict):
        return None
    kept = {name: value for name, value in before.items() if name in _OWN}
    return {**kept, "advanced_config": _BLOCK.sub("", str(host.get("advanced_config") or "")), "meta": _meta(host)}


def before(host: Host, changed: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields of `changed` are in `host`, as NPM takes them."""
    return {name: _meta(host, mark_of(host)) if name == "meta" else _plain(host, name) for name in changed}


def taken(domain: str, host: Host | None = None) -> ProxyError:
    """Somebody else's host has the domain."""
    where = f"host {host['id']}" if host else "another host, a redirection or a 404 host"
    todo = "remove it there, choose another domain" + (
        ", or let Forge take it over with the project's route option adopt=true" if host else ""
    )
    return ProxyError(f"{where} in Nginx Proxy Manager already answers for {domain}: {todo}", code="domain_taken")


def _wanted(host: Host, home: str, route: Route, certificate: int) -> dict[str, Any]:
    asked = {field: route.options[name] == "true" for name, field in FLAGS.items() if name in route.options}
    if not certificate:  # NPM itself forgets to switch these off with it
        asked |= dict.fromkeys(TLS_FLAGS, False)
    target = route.target
    return {
        **asked,
        "forward_scheme": "http",
        "forward_host": f"[{target.host}]" if ":" in target.host else target.host,
        "forward_port": target.port,
        "certificate_id": certificate,
        "enabled": True,
        "advanced_config": _with_block(str(host.get("advanced_config") or ""), token_of(host)),
        "meta": _meta(host, {"home": home, "domain": route.domain}),
    }


def _with_block(config: str, token: str | None) -> str:
    """A person's own lines stay; Forge's block goes behind them.

    The rewrite keeps the request's own address: NPM passes $request_uri on. Bytes received are 0 if nobody answered;
    what a target says of itself is hidden. Asked with “-seen” nginx itself answers, and the target is not bothered.
    """
    token = token or secrets.token_hex(16)
    block = (
        f"{_BEGIN} (tells Forge, and nobody else, which instance answers: leave it as it is)\n"
        f'if ($http_x_forge_ask = "{token}") {{ rewrite ^ /.forge-{token} last; }}\n'
        f'if ($http_x_forge_ask = "{token}-seen") {{ rewrite ^ /.forge-{token}-seen last; }}\n'
        f"location = /.forge-{token} {{\n"
        "  internal;\n"
        "  proxy_hide_header X-Forge-Target;\n"
        "  proxy_hide_header X-Forge-Bytes;\n"
        '  add_header X-Forge-Target "$server:$port" always;\n'
        "  add_header X-Forge-Bytes $upstream_bytes_received always;\n"
        "  include conf.d/include/proxy.conf;\n"
        "}\n"
        f"location = /.forge-{token}-seen {{\n"
        "  internal;\n"
        '  add_header X-Forge-Target "$server:$port" always;\n'
        "  return 204;\n"
        "}\n"
        f"{_END}\n"
    )
    own = _BLOCK.sub("", config)
    return f"{own}\n\n{block}" if own.strip() else block


def _meta(host: Host, mark: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A host's meta without what is the server's, with another mark."""
    mine = {MARK, "nginx_online", "nginx_err"}
    kept = {name: value for name, value in (host.get("meta") or {}).items() if name not in mine}
    return {**kept, MARK: dict(mark)} if mark else kept


def _plain(host: Host, name: str) -> Any:
    """A field in the form in which NPM takes it: releases up to 2.11 answer 0 and 1."""
    value = host.get(name)
    return bool(value) if name in FLAGS.values() or name == "enabled" else value


def _names(host: Host) -> set[str]:
    return {str(name).lower() for name in host.get("domain_names") or ()}
