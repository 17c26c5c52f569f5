"""The contexts of Docker's command line: engines that a person has told it about, with their certificates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True, slots=True)
class DockerContexts:
    """In `folder` (~/.docker): contexts/meta/ID/meta.json, contexts/tls/ID/docker/*.pem, ID being the name's SHA-256.

    Read anew each time; what cannot be read is not there.
    """

    folder: Path | None

    @property
    def current(self) -> str | None:
        """The one that `docker context use` chose; None: the default."""
        said = _read(self.folder / "config.json").get("currentContext") if self.folder else None
        return said if isinstance(said, str) and said else None

    def all(self) -> tuple[DockerContext, ...]:
        """All of them, by name; the default has no file, and is not among them."""
        if self.folder is None:
            return ()
        found = [self._context(path) for path in sorted(self.folder.glob("contexts/meta/*/meta.json"))[:_MOST]]
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
        skips = docker.get("SkipTLSVerify") is True and str(url).startswith(("tcp://", "https://"))
        return DockerContext(
            name=name[:100], url=url if isinstance(url, str) else "", tls=tls,
            fault=_NO_CHECK if skips and tls else _fault(url),
        )  # fmt: skip


_NO_CHECK = "it does not check who answers (SkipTLSVerify): add it with the engine's authority instead"


def _fault(url: object) -> str:
    try:
        parse_endpoint(url if isinstance(url, str) else "")
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
