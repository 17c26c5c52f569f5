"""The proxies that run on this machine, by the addresses that they listen on unless told otherwise."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.proxies.caddy_admin import Admin
from forge.proxies.caddy_config import SERVERS

CADDY = "http://127.0.0.1:2019"
NPM = "http://127.0.0.1:81"
_PATIENCE = 1.0  # seconds; on this machine an answer takes a few milliseconds
_LONGEST = 1 << 16  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProxy:
    """A proxy of `kind` caddy or npm, whose admin address is `url`. `address`: where it seems to listen for people.
    `fault` says why Forge cannot use it as it is.
    """

    kind: str
    url: str
    address: str | None = None
    version: str = ""
    fault: str | None = None


def proxies() -> tuple[FoundProxy, ...]:
    """All that answer now."""
    return tuple(found for found in (_caddy(CADDY), _npm(NPM)) if found is not None)


def _caddy(url: str) -> FoundProxy | None:
    if not _listens(url):
        return None
    try:
        servers = Admin(url, timeout=_PATIENCE).read(SERVERS).value
    except ProxyUnavailable:
        return None
    except ProxyError as error:
        return None if error.code == "not_caddy" else FoundProxy(kind="caddy", url=url, fault=error.message)
    return FoundProxy(kind="caddy", url=url, address=_address(servers if isinstance(servers, dict) else {}))


def _address(servers: Mapping[str, Any]) -> str:
    """Where people would reach it: a plain port before a TLS one before any other; the usual one if it has none."""
    lists = [server.get("listen") for server in servers.values() if isinstance(server, dict)]
    listens = [text for one in lists if isinstance(one, list) for text in one if isinstance(text, str)]
    ports = {int(port) for text in listens if (port := text.rpartition(":")[2]).isdecimal()}
    chosen = next((usual for usual in (80, 443) if usual in ports), min(ports, default=80))
    return f"{'https' if chosen == 443 else 'http'}://127.0.0.1:{chosen}"


def _npm(url: str) -> FoundProxy | None:
    """Nginx Proxy Manager tells its version to anybody at /api/."""
    said = _json(f"{url}/api/") if _listens(url) else None
    if not isinstance(said, dict) or said.get("status") != "OK" or not isinstance(said.get("version"), dict):
        return None
    version = said["version"]
    parts = (version.get(name) for name in ("major", "minor", "revision"))
    return FoundProxy(kind="npm", url=url, version=".".join(str(part) for part in parts if isinstance(part, int)))


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE).close()
    except OSError:
        return False
    return True


def _json(url: str) -> Any:
    parts = urlsplit(url)
    try:
        with closing(http.client.HTTPConnection(parts.netloc, timeout=_PATIENCE)) as connection:
            connection.request("GET", parts.path, headers={"Connection": "close"})
            return json.loads(connection.getresponse().read(_LONGEST))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
