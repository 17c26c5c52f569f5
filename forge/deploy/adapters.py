"""Adapters by the name of their connection, made when first asked for."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from forge.domain.connection import ConnectionKind, EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.errors import NotFound
from forge.domain.image import DOCKER_HUB, Image, parse_image
from forge.domain.project import Project
from forge.domain.secret import Secret
from forge.ports import Engine, Proxy, Registry
from forge.store.store import Store

_PLAIN_HOST = re.compile(r"(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?")


class _Closable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Factories:
    """How an adapter is made from its connection and its password or key."""

    engine: Callable[[EngineConnection, Secret | None], Engine]
    registry: Callable[[RegistryConnection, Secret | None], Registry]
    proxy: Callable[[ProxyConnection, Secret | None], Proxy]


@dataclass(slots=True)
class Adapters:
    """One adapter per connection; made anew after `forget`."""

    store: Store
    factories: Factories
    _made: dict[tuple[ConnectionKind, str], Any] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def engine(self, name: str) -> Engine:
        """The engine; raise NotFound."""
        found: Engine = self._get(ConnectionKind.ENGINE, name, lambda: self._make_engine(name))
        return found

    def proxy(self, name: str) -> Proxy:
        """The proxy; raise NotFound."""
        found: Proxy = self._get(ConnectionKind.PROXY, name, lambda: self._make_proxy(name))
        return found

    def registry(self, name: str) -> Registry:
        """The registry of a connection; raise NotFound."""
        found: Registry = self._get(ConnectionKind.REGISTRY, name, lambda: self._make_registry(name))
        return found

    def registry_of(self, project: Project) -> tuple[RegistryConnection, Registry]:
        """The registry that a project names, else the one its image's host leads to."""
        if project.registry is None:
            return self.registry_for(parse_image(project.image))
        return self.store.connections.get(RegistryConnection, project.registry), self.registry(project.registry)

    def registry_for(self, image: Image) -> tuple[RegistryConnection, Registry]:
        """The connection with the image's host; without one, an anonymous registry made for that host."""
        for connection in self.store.connections.all(RegistryConnection):
            if serves(connection, image.registry):
                return connection, self.registry(connection.name)
        anonymous = anonymous_connection(image.registry)
        made: Registry = self._get(
            ConnectionKind.REGISTRY, f"@{image.registry}", lambda: self.factories.registry(anonymous, None)
        )
        return anonymous, made

    def forget(self, kind: ConnectionKind, name: str) -> None:
        """The connection was changed or deleted: make its adapter anew when it is asked for again."""
        with self._lock:
            made: _Closable | None = self._made.pop((kind, name), None)
        if made is not None:
            made.close()

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            made = list(self._made.values())
            self._made.clear()
        for adapter in made:
            adapter.close()

    def _get(self, kind: ConnectionKind, name: str, make: Callable[[], Any]) -> Any:
        with self._lock:
            key = (kind, name)
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def _make_engine(self, name: str) -> Engine:
        connection = self.store.connections.get(EngineConnection, name)
        return self.factories.engine(connection, self.store.secrets.get(f"engine/{name}/key"))

    def _make_proxy(self, name: str) -> Proxy:
        connection = self.store.connections.get(ProxyConnection, name)
        return self.factories.proxy(connection, self.store.secrets.get(f"proxy/{name}/password"))

    def _make_registry(self, name: str) -> Registry:
        connection = self.store.connections.get(RegistryConnection, name)
        return self.factories.registry(connection, self.store.secrets.get(f"registry/{name}/password"))


def serves(connection: RegistryConnection, host: str) -> bool:
    """Whether images of `host` come from this connection."""
    return connection.host == host or (connection.flavour == "docker_hub" and host == DOCKER_HUB)


def anonymous_connection(host: str) -> RegistryConnection:
    """How to reach a registry nobody told Forge about: without login, over TLS unless it is on this machine."""
    if host == DOCKER_HUB:
        return RegistryConnection(name="anonymous", url="https://registry-1.docker.io", flavour="docker_hub")
    scheme = "http" if _PLAIN_HOST.fullmatch(host) else "https"
    return RegistryConnection(name="anonymous", url=f"{scheme}://{host}")


def home_of(store: Store) -> str:
    """The mark of this data folder on everything that Forge makes elsewhere; raise NotFound before first start."""
    home = store.preferences.own("_home")
    if not isinstance(home, str):
        raise NotFound("This data folder was never started")
    return home
