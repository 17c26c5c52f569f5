"""Which folders of this machine an instance may have: by name, and by where they really lead."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from forge.domain.connection import EngineConnection
from forge.domain.errors import Invalid
from forge.store.store import Store

_USUAL_SOCKETS = (  # what asks Docker, and what Docker asks: either makes its holder this machine's owner
    "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock",
)  # fmt: skip
_UNIX = "unix://"
_ADD = "add one to the setting host_paths"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPaths:
    """Folders are `allowed` with all below them; `sockets` are engines', which no instance may have. `real` is
    where a path leads on the engine's machine, if that is this one (`local`): on another one nothing can be checked.
    """

    allowed: tuple[str, ...]
    sockets: tuple[str, ...] = _USUAL_SOCKETS
    local: bool = True
    real: Callable[[str], str] = os.path.realpath if os.name == "posix" else str  # else Docker has a machine of its own

    def lead(self, path: str) -> str:
        """Where `path` leads, every link followed; raise Invalid unless an instance may have that."""
        if not any(_holds(root, path) for root in self.allowed):
            raise _refused(path, f"The host path {path} is not under an allowed folder: {_ADD}")
        if not self.local:
            raise _refused(
                path,
                f"The host path {path} is on another machine, where Forge cannot see where it leads: use a volume, "
                "or an external one that somebody made there",
            )
        found = self.real(path)
        if not any(_holds(self.real(root), found) for root in self.allowed):
            raise _refused(path, f"The host path {path} leads to {found}, which is not under an allowed folder: {_ADD}")
        for socket in self.sockets:
            if _holds(found, socket) or _holds(found, self.real(socket)) or _is_mounted(found, socket):
                raise _refused(
                    path,
                    f"The host path {path} holds the engine's own socket {socket}: whoever has that has this machine, "
                    "so no instance gets it",
                )
        return found


def host_paths_of(store: Store, engine: str, *, local: bool = True) -> HostPaths:
    """What the settings allow on an engine, which is on this machine or not; raise NotFound."""
    store.connections.get(EngineConnection, engine)
    urls = [one.url or os.environ.get("DOCKER_HOST", "") for one in store.connections.all(EngineConnection)]
    own = {url.removeprefix(_UNIX) for url in urls if url.startswith(_UNIX)} - set(_USUAL_SOCKETS)
    allowed = store.preferences.get().host_paths
    return HostPaths(allowed=allowed, sockets=(*sorted(own), *_USUAL_SOCKETS), local=local)


def _holds(folder: str, path: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")


def _is_mounted(path: str, socket: str) -> bool:
    """Whether `path`, or what lies in it by the same name, is the socket by another mount or a hard link."""
    for other in (path, os.path.join(path, os.path.basename(socket))):  # noqa: PTH118,PTH119  as strings, like the rest
        with suppress(OSError, ValueError):
            if os.path.samefile(other, socket):  # noqa: PTH121
                return True
    return False


def _refused(path: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="host_path", fields={"volumes": path})
