"""The contexts of Docker's command line: engines that a person has told it about, with their certificates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge.domain.connection import check_secure
from forge.domain.endpoint import parse_endpoint
from forge.domain.errors import Invalid

_LONGEST = 1 << 20  # bytes
_MOST = 100
_TLS_FILES = frozenset({"ca.pem", "cert.pem", "key.pem"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerContext:
    """The engine at `url`, as `docker context` knows it. `tls`: the folder of its certificates. `fault`: why Forge
    cannot use it, "" if it can.
    """

    name: str
    url: str
    tls: Path | None = None
    fault: str = ""

    @property
    def on_this_machine(self) -> bool:
        return not self.fault and parse_endpoint(self.url).on_this_machine

    def pem(self, name: str) -> str | None:
        """What stands in ca.pem, cert.pem or key.pem; None if it is not there. Raise OSError, UnicodeDecodeError."""
        path = self.tls / name if self.tls else None
        return path.read_text("ascii") if path is not None and path.is_file() else None


@dataclass(frozen=True, slots=True)
class DockerContexts:
    """In `folder` (~/.docker): contexts/meta/ID/meta.json, contexts/tls/ID/docker/*.pem, ID being the name's SHA-256.

    Read anew each time; what cannot be read is not there. `beside`: what is known without the folder.
    """

    folder: Path | None
    beside: tuple[DockerContext, ...] = ()

    @property
    def current(self) -> str | None:
        """The one that `docker context use` chose; None: the default."""
        said = _read(self.folder / "config.json").get("currentContext") if self.folder else None
        return said if isinstance(said, str) and said else None

    def all(self) -> tuple[DockerContext, ...]:
        """All of them, by name; the default has no file, and is not among them."""
        paths = sorted(self.folder.glob("contexts/meta/*/meta.json"))[:_MOST] if self.folder else ()
        found = (*self.beside, *map(self._context, paths))
        return tuple(sorted((one for one in found if one is not None), key=lambda one: one.name))

    def get(self, name: str) -> DockerContext | None:
        return next((one for one in self.all() if one.name == name), None)

    def _context(self, path: Path) -> DockerContext | None:
        said = _read(path)
        name, endpoints = said.get("Name"), said.get("Endpoints")
        docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
        if not isinstance(name, str) or not name or not isinstance(docker, dict):
            return None
        url = docker.get("Host")
        folder = path.parents[2] / "tls" / hashlib.sha256(name.encode()).hexdigest() / "docker"
        tls = folder if any((folder / file).is_file() for file in _TLS_FILES) else None
        url = url if isinstance(url, str) else ""
        if docker.get("SkipTLSVerify") is True and tls:
            return DockerContext(name=name[:100], url=url, tls=tls, fault=_NO_CHECK)
        return context_at(name[:100], url, tls)


def context_at(name: str, url: str, tls: Path | None) -> DockerContext:
    """One of that address; its fault says whether Forge may go there."""
    return DockerContext(name=name, url=url, tls=tls, fault=_fault(url, tls=tls is not None))


_NO_CHECK = "it does not check who answers (SkipTLSVerify): add the engine with its authority instead"


def _fault(url: str, *, tls: bool) -> str:
    try:
        check_secure(parse_endpoint(url), tls=tls, insecure=False)
    except Invalid as error:
        return error.message
    return ""


def _read(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
