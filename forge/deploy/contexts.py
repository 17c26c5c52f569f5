"""The contexts of Docker's command line as engines that Forge could have: which there are, and taking one over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forge.deploy.connections import ConnectionService
from forge.domain.connection import EngineConnection
from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.names import dns_label
from forge.domain.secret import Secret
from forge.engines.contexts import DockerContext, DockerContexts
from forge.log import hide


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFound:
    """Docker knows an engine at `url` by this name; `current`: its command line uses that. `tls`: it has certificates.
    `fault`: why Forge cannot take it over. `engine` is Forge's own connection to it.
    """

    name: str
    url: str
    current: bool
    tls: bool
    fault: str | None
    engine: str | None


@dataclass(frozen=True, slots=True)
class ContextOffers:
    """`usual` is the address of engines that have none of their own, None if it cannot be said."""

    contexts: DockerContexts
    connections: ConnectionService
    usual: Callable[[], str | None]

    def all(self) -> tuple[ContextFound, ...]:
        """All of them, by name."""
        current = self.contexts.current
        return tuple(
            ContextFound(
                name=one.name, url=one.url, current=one.name == current, tls=one.tls is not None,
                fault=one.fault or None, engine=self._engine(one),
            )
            for one in self.contexts.all()
        )  # fmt: skip

    def take(self, name: str, *, actor: str) -> EngineConnection:
        """Make an engine of it, with its certificates, the key in the vault. Raise NotFound, Conflict or Invalid, and
        what the engine says if it does not answer: nothing is kept then.
        """
        found = self.contexts.get(name)
        if found is None:
            raise NotFound(f"Docker has no context {name[:80]}", code="no_context")
        if found.fault:
            raise Invalid(f"The context {name} cannot be taken over: {found.fault}", code="context_fault")
        known = self._engine(found)
        if known is not None:
            raise Conflict(f"The engine {known} is there already: it is the same", code="connection_exists")
        try:
            ca, certificate, key = (found.pem(file) for file in ("ca.pem", "cert.pem", "key.pem"))
        except (OSError, UnicodeDecodeError):
            raise Invalid(f"The certificates of the context {name} cannot be read", code="context_fault") from None
        secret = Secret(key) if key and certificate else None
        if secret is not None:
            hide(secret)
        connection = EngineConnection(name=self._name(name), url=found.url, ca=ca, certificate=certificate)
        self._try(connection, secret)
        self.connections.put(connection, secret, actor=actor, create=True)
        return connection

    def _engine(self, context: DockerContext) -> str | None:
        for one in self.connections.all(EngineConnection):
            if context.url and (one.url or self.usual()) == context.url:
                return one.name
        return None

    def _name(self, context: str) -> str:
        label = dns_label(context)
        label = (label if label[0].isalpha() else f"e{label}")[:36].strip("-")
        taken = {one.name for one in self.connections.all(EngineConnection)}
        return next(name for name in (label, *(f"{label}-{n}" for n in range(2, 100))) if name not in taken)

    def _try(self, connection: EngineConnection, key: Secret | None) -> None:
        adapter = self.connections.adapters.factories.engine(connection, key)
        try:
            adapter.version()
        finally:
            adapter.close()
