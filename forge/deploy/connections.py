"""Registries, proxies and engines: telling Forge about them, and asking whether they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from forge.deploy.adapters import Adapters, serves
from forge.deploy.parts import Health
from forge.domain.connection import (
    ConnectionKind,
    EngineConnection,
    ProxyConnection,
    RegistryConnection,
)
from forge.domain.errors import Conflict, ForgeError, Invalid
from forge.domain.image import parse_image
from forge.domain.instance import Instance
from forge.domain.project import Project
from forge.domain.proxykinds import PROXY_KINDS
from forge.domain.secret import Secret
from forge.ports import EngineVersion, Quota
from forge.store.connections import kind_of
from forge.store.database import Change
from forge.store.store import Store

C = TypeVar("C", RegistryConnection, ProxyConnection, EngineConnection)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """Whether a connection works, and the sentence that says what to do. `fault` is for programs. `listen`: the
    address on an engine's machine where instances listen.
    """

    ok: bool
    text: str
    fault: str = ""
    version: str = ""
    quota: Quota | None = None
    engine: EngineVersion | None = None
    listen: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionService:
    """Passwords go to the vault and never come back."""

    store: Store
    adapters: Adapters
    health: Health
    changed: Callable[[], None]

    def all(self, type_: type[C]) -> list[C]:
        return self.store.connections.all(type_)

    def get(self, type_: type[C], name: str) -> C:
        """The connection; raise NotFound."""
        return self.store.connections.get(type_, name)

    def has_secret(self, kind: ConnectionKind, name: str) -> bool:
        """Whether Forge keeps its password, or an engine's key."""
        return self.store.secrets.get(_place(kind, name)) is not None

    def put(
        self,
        connection: RegistryConnection | ProxyConnection | EngineConnection,
        secret: Secret | None = None,
        *,
        actor: str,
        create: bool = False,
        no_secret: bool = False,
    ) -> None:
        """Keep a connection, new or changed; without `secret` (a password, or an engine's key) the kept one stays,
        with `no_secret` it goes.

        Raise Conflict, Invalid.
        """
        if create and connection.name in self.store.connections.names(kind_of(connection)):
            what = kind_of(connection).value
            raise Conflict(f"There is a {what} {connection.name} already", code="connection_exists")
        with self.store.database.change() as change:
            self.put_in(change, connection, secret, actor=actor)
            if no_secret:
                self.store.secrets.delete(change, _place(kind_of(connection), connection.name))
        self.adapters.forget(kind_of(connection), connection.name)
        self.changed()

    def put_in(
        self,
        change: Change,
        connection: RegistryConnection | ProxyConnection | EngineConnection,
        secret: Secret | None,
        *,
        actor: str,
    ) -> None:
        """The same inside a change of the caller's, who then calls `renew`."""
        if isinstance(connection, RegistryConnection):
            self._check_host(connection)
        if secret is not None:
            _check_takes_secret(connection)
        self.store.connections.put(change, connection, actor)
        place = _place(kind_of(connection), connection.name)
        if secret is not None:
            self.store.secrets.put(change, place, secret)
        elif isinstance(connection, EngineConnection) and connection.certificate is None:
            self.store.secrets.delete(change, place)  # a key without its certificate opens nothing

    def renew(self, connection: RegistryConnection | ProxyConnection | EngineConnection) -> None:
        """After a change of the caller's: adapters are made anew."""
        self.adapters.forget(kind_of(connection), connection.name)
        self.changed()

    def delete(self, type_: type[C], name: str, *, actor: str) -> None:
        """Forget a connection; raise Conflict while a project or an instance uses it."""
        connection = self.get(type_, name)
        kind = kind_of(connection)
        users = [project.name for project in self.store.projects.all() if getattr(project, kind.value) == name]
        if users:
            raise Conflict(f"Project {users[0]} uses the {kind.value} {name}: change that first", code="in_use")
        if isinstance(connection, EngineConnection) and any(i.engine == name for i in self.store.instances.present()):
            raise Conflict(f"Instances run on the engine {name}: remove them first", code="in_use")
        if isinstance(connection, ProxyConnection) and any(self._sent_by(i) == name for i in self._serving()):
            raise Conflict(f"The proxy {name} sends people to instances: deploy or remove them first", code="in_use")
        if isinstance(connection, ProxyConnection) and self.store.preferences.get().default_proxy == name:
            raise Conflict(f"New projects get the proxy {name}: set another default_proxy first", code="in_use")
        with self.store.database.change() as change:
            self.store.connections.delete(change, kind, name, actor)
            self.store.secrets.delete(change, f"{kind.value}/{name}")
        self.adapters.forget(kind, name)
        self.health.forget(kind.value, name)
        self.changed()

    def test(self, type_: type[C], name: str, image: str | None = None) -> TestReport:
        """`ask`, and let everybody know whether a registry answers."""
        report = self.ask(type_, name, image)
        if type_ is RegistryConnection:
            there = report.ok or report.fault == "repository"  # it answered: only that image it does not have
            self.health.tell("registry", name, None if there else report.text)
        return report

    def ask(self, type_: type[C], name: str, image: str | None = None) -> TestReport:
        """Ask, and say exactly what is wrong; a registry also for an image if one is given. Changes nothing."""
        connection = self.get(type_, name)
        if isinstance(connection, RegistryConnection):
            return self._ask_registry(connection, image)
        if isinstance(connection, ProxyConnection):
            found = self.adapters.proxy(name).test()
            return TestReport(ok=found.ok, text=found.text, fault=found.fault, version=found.version)
        return self._ask_engine(name)

    def _ask_engine(self, name: str) -> TestReport:
        engine = self.adapters.engine(name)
        try:
            version, reach = engine.version(), engine.reach()
        except ForgeError as error:
            return TestReport(ok=False, text=error.message, fault=getattr(error, "fault", "") or error.code)
        speaks = f"{version.api} of {version.api_min} to {version.api_max}"
        text = f"Docker {version.version} on {version.system}, API {speaks}"
        if not reach.local:
            text = f"{text}; instances listen on {reach.listen} there"
        return TestReport(ok=True, text=text, version=version.version, engine=version, listen=reach.listen)

    def tags(self, name: str, image: str) -> tuple[str, ...]:
        """All tags of an image at a registry; `image` with or without the registry's host."""
        connection = self.get(RegistryConnection, name)
        return self.adapters.registry(name).tags(_repository(connection, image))

    def tags_of(self, project: Project) -> tuple[str, ...]:
        """All tags of a project's image, at the registry that it comes from."""
        registry = self.adapters.registry_of(project)[1]
        return registry.tags(parse_image(project.image).repository)

    def _ask_registry(self, connection: RegistryConnection, image: str | None) -> TestReport:
        repository = _repository(connection, image) if image else None
        report = self.adapters.registry(connection.name).test(repository)
        return TestReport(ok=report.ok, text=report.text, fault=report.fault, quota=report.quota)

    def _serving(self) -> list[Instance]:
        return [instance for instance in self.store.instances.present() if instance.serving]

    def _sent_by(self, instance: Instance) -> str:
        """The proxy that sends people to an instance, whatever its project says by now."""
        return self.store.deploys.configuration(instance.deploy).project.proxy

    def _check_host(self, connection: RegistryConnection) -> None:
        """Two connections for one host would make it a matter of luck which one is used."""
        for other in self.all(RegistryConnection):
            if other.name != connection.name and other.host == connection.host:
                raise Conflict(f"{other.name} is the connection to {other.host} already", code="host_taken")


def _check_takes_secret(connection: RegistryConnection | ProxyConnection | EngineConnection) -> None:
    """Raise Invalid for a password or key that nothing would ever use."""
    if isinstance(connection, ProxyConnection) and "username" not in PROXY_KINDS[connection.kind].takes:
        raise Invalid("This kind of proxy has no login: leave the password out", fields={"password": "leave it out"})
    if isinstance(connection, EngineConnection) and connection.certificate is None:
        raise Invalid("A key belongs to a certificate: give that too", fields={"key": "without a certificate"})


def _repository(connection: RegistryConnection, image: str) -> str:
    """The path of `image`; raise Invalid if it is another registry's."""
    host = connection.host if connection.flavour != "docker_hub" else "docker.io"
    first, slash, _ = image.partition("/")
    named = bool(slash) and (first in {host, "localhost"} or not {".", ":"}.isdisjoint(first))  # as Docker reads it
    parsed = parse_image(image if named else f"{host}/{image}")
    if not serves(connection, parsed.registry):
        raise Invalid(f"{image[:80]} does not come from {connection.name}", fields={"image": "another registry's"})
    return parsed.repository


def _place(kind: ConnectionKind, name: str) -> str:
    return f"{kind.value}/{name}/{kind.secret}"
