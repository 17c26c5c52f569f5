"""Which folders of this machine an instance may have: by name, and by where they really lead."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from forge.domain.connection import EngineConnection
from forge.domain.errors import Invalid
from forge.store.store import Store

_USUAL_SOCKET = "/var/run/docker.sock"
_UNIX = "unix://"
_ADD = "add one to the setting host_paths"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPaths:
    """Folders are `allowed` with all below them; `sockets` are engines', which no instance may have. `real` is
    where a path leads on the engine's machine, if that is this one (`local`): on another one nothing can be checked.
    """

    allowed: tuple[str, ...]
    sockets: tuple[str, ...] = (_USUAL_SOCKET,)
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
            if _holds(found, socket) or _holds(found, self.real(socket)):
                raise _refused(
                    path,
                    f"The host path {path} holds the engine's own socket {socket}: whoever has that has this machine, "
                    "so no instance gets it",
                )
        return found


def host_paths_of(store: Store, engine: str, *, local: bool = True) -> HostPaths:
    """What the settings allow on an engine, which is on this machine or not; raise NotFound."""
    url = store.connections.get(EngineConnection, engine).url or os.environ.get("DOCKER_HOST", "")
    own = (url.removeprefix(_UNIX),) if url.startswith(_UNIX) else ()
    return HostPaths(allowed=store.preferences.get().host_paths, sockets=(*own, _USUAL_SOCKET), local=local)


def _holds(folder: str, path: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")


def _refused(path: str, sentence: str) -> Invalid:
    return Invalid(sentence, code="host_path", fields={"volumes": path})
