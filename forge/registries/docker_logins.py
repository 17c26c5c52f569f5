"""The registries that Docker's own command line is logged in to, as its configuration file says."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge.domain.errors import Invalid
from forge.domain.image import DOCKER_HUB, parse_image
from forge.domain.secret import Secret
from forge.ports import Login

_LONGEST = 1 << 20  # bytes
_HUB = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", DOCKER_HUB})
_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLogin:
    """Docker is logged in to `host`. `helper` names the program that keeps the login, None: the file holds it.
    `usable`: name and password are in the file.
    """

    host: str
    helper: str | None = None
    usable: bool = False


@dataclass(frozen=True, slots=True)
class DockerLogins:
    """Reads `folder`/config.json anew each time; what is not as Docker writes it is passed over."""

    folder: Path | None

    def all(self) -> tuple[FoundLogin, ...]:
        """One for each registry, by host."""
        file = self._read()
        helpers = {_host(key): str(name) for key, name in _mapping(file, "credHelpers").items()}
        usual = file.get("credsStore")
        found: dict[str, FoundLogin] = {}
        for key, entry in [*_mapping(file, "auths").items(), *((key, {}) for key in helpers)]:
            host = _host(key)
            if host is None or len(found) == _MOST:
                continue
            helper = helpers.get(host) or (usual if isinstance(usual, str) and not _has_login(entry) else None)
            one = FoundLogin(host=host, helper=helper and helper[:60], usable=_login(entry) is not None)
            if one.usable or host not in found:
                found[host] = one
        return tuple(found[host] for host in sorted(found))

    def login(self, host: str) -> Login | None:
        """The login for `host`, if the file holds it."""
        entries = _mapping(self._read(), "auths").items()
        return next((login for key, entry in entries if _host(key) == host and (login := _login(entry))), None)

    def _read(self) -> dict[str, Any]:
        if self.folder is None:
            return {}
        try:
            with (self.folder / "config.json").open("rb") as file:
                content = json.loads(file.read(_LONGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


def _mapping(file: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = file.get(name)
    return value if isinstance(value, dict) else {}


def _host(key: str | None) -> str | None:
    """`https://index.docker.io/v1/` → docker.io; None for what cannot stand in an image's name."""
    host = (key or "").partition("://")[2] or (key or "")
    host = host.partition("/")[0].lower()
    if host in _HUB:
        return DOCKER_HUB
    try:
        return host if parse_image(f"{host}/x").registry == host else None
    except Invalid:
        return None


def _has_login(entry: Any) -> bool:
    return isinstance(entry, dict) and any(entry.get(name) for name in ("auth", "identitytoken", "password"))


def _login(entry: Any) -> Login | None:
    """Name and password of an entry; an identity token is neither, and only Docker can use it."""
    if not isinstance(entry, dict) or entry.get("identitytoken"):
        return None
    name, password = entry.get("username"), entry.get("password")
    if isinstance(entry.get("auth"), str) and entry["auth"]:
        try:
            name, colon, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        password = password.rstrip("\0") if colon else ""
    if not isinstance(name, str) or not isinstance(password, str) or not name or not password:
        return None
    return Login(username=name, password=Secret(password)) if name.isprintable() else None
