"""What is on this machine already: engines, Docker's contexts and logins, proxies, containers to adopt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forge.deploy.adapters import Adapters, anonymous_connection, serves
from forge.deploy.connections import ConnectionService
from forge.deploy.contexts import ContextFound, ContextOffers
from forge.domain.connection import ConnectionKind, EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.errors import Conflict, ForgeError, NotFound, RegistryError
from forge.domain.image import DOCKER_HUB
from forge.domain.names import dns_label
from forge.domain.secret import Secret
from forge.log import hide
from forge.proxies.found import FoundProxy, proxies
from forge.registries.docker_logins import DockerLogins
from forge.store.store import Store

_FLAVOURS = {DOCKER_HUB: "docker_hub", "ghcr.io": "ghcr"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFound:
    """Whether an engine answers, or the sentence that says what is wrong. `strangers`: containers to adopt."""

    name: str
    ok: bool
    text: str
    version: str
    strangers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFound:
    """Docker is logged in to `host`. `usable`: Forge can take the login over; else `helper`, or only Docker, keeps it.
    `registry` is Forge's own connection to it, `has_password` whether that has a login.
    """

    host: str
    usable: bool
    helper: str | None
    registry: str | None
    has_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFound:
    """A proxy that answers on this machine. `proxy` is Forge's own connection to it."""

    kind: str
    url: str
    address: str | None
    version: str
    fault: str | None
    proxy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All of it."""

    engines: tuple[EngineFound, ...]
    contexts: tuple[ContextFound, ...]
    logins: tuple[LoginFound, ...]
    proxies: tuple[ProxyFound, ...]


@dataclass(frozen=True, slots=True)
class Discovery:
    """Looks anew each time; nothing is changed before somebody asks for it."""

    store: Store
    adapters: Adapters
    connections: ConnectionService
    logins: DockerLogins
    contexts: ContextOffers
    proxies: Callable[[], tuple[FoundProxy, ...]] = proxies

    def look(self) -> Found:
        """What is here. Raises nothing: what does not answer says so."""
        return Found(
            engines=tuple(self._engine(one.name) for one in self.connections.all(EngineConnection)),
            contexts=self.contexts.all(),
            logins=tuple(self._login(one.host, usable=one.usable, helper=one.helper) for one in self.logins.all()),
            proxies=tuple(self._proxy(one) for one in self.proxies()),
        )

    def take_login(self, host: str, *, actor: str) -> RegistryConnection:
        """Keep Docker's login for `host` in the vault, with a connection if there is none. Raise NotFound if the file
        holds none, Conflict if Forge has one, RegistryError if the registry does not take it: nothing is kept then.
        """
        login = self.logins.login(host)
        if login is None:
            raise NotFound(f"Docker's file holds no login for {host[:80]} that Forge could use", code="no_login")
        known = self._registry(host)
        if known is not None and self.connections.has_secret(ConnectionKind.REGISTRY, known.name):
            raise Conflict(f"{known.name} has a login for {host} already: change it there", code="has_login")
        hide(login.password)
        connection = self._connection(host, login.username, known)
        self._try(connection, login.password)
        self.connections.put(connection, login.password, actor=actor, create=known is None)
        return connection

    # ---- parts

    def _engine(self, name: str) -> EngineFound:
        report = self.connections.test(EngineConnection, name)
        strangers = 0
        if report.ok:
            try:
                strangers = len(self.adapters.engine(name).strangers())
            except ForgeError as error:
                return EngineFound(name=name, ok=False, text=error.message, version=report.version, strangers=0)
        return EngineFound(name=name, ok=report.ok, text=report.text, version=report.version, strangers=strangers)

    def _login(self, host: str, *, usable: bool, helper: str | None) -> LoginFound:
        known = self._registry(host)
        has = known is not None and self.connections.has_secret(ConnectionKind.REGISTRY, known.name)
        return LoginFound(
            host=host, usable=usable, helper=helper, registry=known.name if known else None, has_password=has
        )

    def _proxy(self, found: FoundProxy) -> ProxyFound:
        known = (one for one in self.connections.all(ProxyConnection) if one.url and _same(one.url, found.url))
        return ProxyFound(
            kind=found.kind, url=found.url, address=found.address, version=found.version, fault=found.fault,
            proxy=next((one.name for one in known), None),
        )  # fmt: skip

    def _registry(self, host: str) -> RegistryConnection | None:
        return next((one for one in self.connections.all(RegistryConnection) if serves(one, host)), None)

    def _connection(self, host: str, username: str, known: RegistryConnection | None) -> RegistryConnection:
        base = known or anonymous_connection(host)
        return RegistryConnection(
            name=known.name if known else self._name(host),
            url=base.url,
            flavour=known.flavour if known else _FLAVOURS.get(host, base.flavour),
            username=username,
            interval=base.interval,
            parallel=base.parallel,
        )

    def _name(self, host: str) -> str:
        label = dns_label(host)
        label = (label if label[0].isalpha() else f"r{label}")[:36].strip("-")
        taken = {one.name for one in self.connections.all(RegistryConnection)}
        return next(name for name in (label, *(f"{label}-{n}" for n in range(2, 100))) if name not in taken)

    def _try(self, connection: RegistryConnection, password: Secret) -> None:
        adapter = self.adapters.factories.registry(connection, password)
        try:
            report = adapter.test()
        finally:
            adapter.close()
        if not report.ok:
            raise RegistryError(f"The login was not taken over. {report.text}", code=f"registry_{report.fault}")


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").replace("://localhost", "://127.0.0.1") == other.rstrip("/")
