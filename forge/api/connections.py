"""Registries, proxies and engines over HTTP: three nouns, one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, TypeVar

import msgspec
from flask import Blueprint

from forge import typed
from forge.api.context import actor, all_projects, runtime
from forge.api.contract import At, Operation, domain, operation, wire
from forge.api.guard import allow
from forge.api.sealing import wrapped
from forge.api.types import Wire
from forge.domain.connection import ConnectionKind, EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.person import Role
from forge.ports import EngineVersion, Quota


class RegistryFields(Wire, kw_only=True):
    """A registry at `url`; `flavour`: oci, docker_hub, ghcr, gitea; `interval` in seconds between polls, 0: never.
    `ca`: certificates of authorities (PEM text) that are trusted here beside the usual ones.
    """

    url: str
    flavour: str = "oci"
    username: str | None = None
    interval: float = 300
    parallel: int = 4
    ca: str | None = None


class ProxyFields(Wire, kw_only=True):
    """A proxy; `kind`: npm, caddy, traefik, published; `url` is its admin address, `address` where it listens for
    people, `options` are the kind's own.
    """

    kind: str
    url: str | None = None
    address: str | None = None
    username: str | None = None
    options: dict[str, str] = msgspec.field(default_factory=dict)


class EngineFields(Wire, kw_only=True):
    """A Docker engine at `url`: unix:///path, tcp://host:port, ssh://user@host; null: as the environment says.

    TLS: `ca` and `certificate` as PEM text, or `certs`, a folder with ca.pem, cert.pem and key.pem. `insecure`: tcp://
    without TLS is meant. `listen`: the address of the engine's machine on which instances listen, `address` where
    Forge and the proxy reach them; null: that at which the engine is reached.
    """

    url: str | None = None
    ca: str | None = None
    certificate: str | None = None
    certs: str | None = None
    insecure: bool = False
    listen: str | None = None
    address: str | None = None


class ChangedRegistry(RegistryFields, kw_only=True):
    """All of a registry. A password that is left out stays, null takes it away."""

    password: str | msgspec.UnsetType | None = msgspec.UNSET


class NewRegistry(ChangedRegistry, kw_only=True):
    """A registry to tell Forge about."""

    name: str


class ChangedProxy(ProxyFields, kw_only=True):
    """All of a proxy. A password that is left out stays, null takes it away."""

    password: str | msgspec.UnsetType | None = msgspec.UNSET


class NewProxy(ChangedProxy, kw_only=True):
    """A proxy to tell Forge about."""

    name: str


class ChangedEngine(EngineFields, kw_only=True):
    """All of an engine. A key (PEM, of `certificate`) that is left out stays, null takes it away."""

    key: str | msgspec.UnsetType | None = msgspec.UNSET


class NewEngine(ChangedEngine, kw_only=True):
    """An engine to tell Forge about."""

    name: str


class RegistryView(RegistryFields, kw_only=True):
    """A registry; what its last answers said of limits."""

    name: str
    has_password: bool
    quota: Quota | None


class ProxyView(ProxyFields, kw_only=True):
    """A proxy."""

    name: str
    has_password: bool


class EngineView(EngineFields, kw_only=True):
    """An engine."""

    name: str
    has_key: bool


class TestWish(Wire, kw_only=True):
    """Ask a registry also for this image."""

    image: str | None = None


class TestAnswer(Wire, kw_only=True):
    """Whether a connection works, and the sentence that says what to do; `fault` is for programs. `engine`: what an
    engine says of itself, `listen`: the address of its machine where instances listen.
    """

    ok: bool
    text: str
    fault: str
    version: str
    quota: Quota | None
    engine: EngineVersion | None
    listen: str


class ImageQuery(Wire, kw_only=True):
    """An image, with or without the registry's host."""

    image: str


class Polled(Wire, kw_only=True):
    """What one round found: `heads` requests for a digest, `fresh` tags that meant something new, `troubles` by
    repository.
    """

    registry: str
    repositories: int
    tags: int
    heads: int
    fresh: int
    troubles: dict[str, str]


class PollState(Wire, kw_only=True):
    """A registry as the poller sees it; times in unix seconds, `next` null: never, or under way now."""

    registry: str
    host: str
    repositories: int
    last: float | None
    next: float | None
    healthy: bool
    failures: int
    text: str


V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of connection: what it is in the path, in the domain, and over the wire."""

    path: str
    kind: ConnectionKind
    domain: Any
    new: type[Wire]
    changed: type[Wire]
    view: Any
    present: Callable[[Any], Any]


def _registry(connection: RegistryConnection) -> RegistryView:
    quota = runtime().adapters.registry(connection.name).quota()
    return _view(RegistryView, connection, has_password=_has_secret(ConnectionKind.REGISTRY, connection), quota=quota)


def _proxy(connection: ProxyConnection) -> ProxyView:
    return _view(ProxyView, connection, has_password=_has_secret(ConnectionKind.PROXY, connection))


def _engine(connection: EngineConnection) -> EngineView:
    return _view(EngineView, connection, has_key=_has_secret(ConnectionKind.ENGINE, connection))


NOUNS = (
    Noun(
        "registries",
        ConnectionKind.REGISTRY,
        RegistryConnection,
        NewRegistry,
        ChangedRegistry,
        RegistryView,
        _registry,
    ),
    Noun("proxies", ConnectionKind.PROXY, ProxyConnection, NewProxy, ChangedProxy, ProxyView, _proxy),
    Noun("engines", ConnectionKind.ENGINE, EngineConnection, NewEngine, ChangedEngine, EngineView, _engine),
)


def blueprints() -> list[Blueprint]:
    """One for each kind of connection."""
    made = [Blueprint(noun.path, __name__) for noun in NOUNS]
    for noun, blueprint in zip(NOUNS, made, strict=True):
        _add_reads(blueprint, noun)
        _add_writes(blueprint, noun)
    _add_polling(made[0])
    return made


def _add_reads(blueprint: Blueprint, noun: Noun) -> None:
    what = noun.kind.value

    @allow(Role.VIEWER)
    @operation(Operation(answer=GenericAlias(list, (noun.view,))))
    def list_all() -> Any:
        return [noun.present(connection) for connection in runtime().connections.all(noun.domain)]

    @allow(Role.VIEWER)
    @operation(Operation(answer=noun.view, refuses=(404,)))
    def read(name: str) -> Any:
        return noun.present(runtime().connections.get(noun.domain, name))

    @allow(Role.ADMIN)
    @operation(Operation(body=TestWish, optional=True, answer=TestAnswer, refuses=(404, 502), elsewhere=True))
    def test(name: str, body: TestWish) -> TestAnswer:
        return wire(TestAnswer, runtime().connections.test(noun.domain, name, body.image))

    _add(blueprint, f"GET /api/{noun.path}", list_all, f"list_{noun.path}", f"All {noun.path}.")
    _add(blueprint, f"GET /api/{noun.path}/<name>", read, f"read_{what}", f"One {what}.")
    summary = "Ask whether it answers, and say exactly what is wrong."
    _add(blueprint, f"POST /api/{noun.path}/<name>/test", test, f"test_{what}", summary)


def _add_writes(blueprint: Blueprint, noun: Noun) -> None:
    what = noun.kind.value

    @allow(Role.ADMIN)
    @operation(Operation(body=noun.new, status=201, answer=noun.view, refuses=(409,)))
    def create(body: Any) -> At:
        connection = _keep(noun, body, create=True)
        return At(f"/api/{noun.path}/{connection.name}", noun.present(connection))

    @allow(Role.ADMIN)
    @operation(Operation(body=noun.changed, answer=noun.view, refuses=(404, 409)))
    def change(name: str, body: Any) -> Any:
        runtime().connections.get(noun.domain, name)
        return noun.present(_keep(noun, body, name=name))

    @allow(Role.ADMIN)
    @operation(Operation(status=204, refuses=(404, 409)))
    def delete(name: str) -> None:
        runtime().connections.delete(noun.domain, name, actor=actor())

    path = f"/api/{noun.path}"
    _add(blueprint, f"POST {path}", create, f"create_{what}", f"Tell Forge about a {what}.")
    _add(blueprint, f"PUT {path}/<name>", change, f"change_{what}", f"Replace what is known of a {what}.")
    _add(blueprint, f"DELETE {path}/<name>", delete, f"delete_{what}", f"Forget a {what} that nothing uses.")


def _add_polling(blueprint: Blueprint) -> None:
    @allow(Role.VIEWER)
    @operation(Operation(query=ImageQuery, answer=list[str], refuses=(404, 502), elsewhere=True))
    def list_tags(name: str, query: ImageQuery) -> list[str]:
        all_projects()
        return list(runtime().connections.tags(name, query.image))

    @allow(Role.DEPLOYER)
    @operation(Operation(answer=Polled, refuses=(404, 502), elsewhere=True))
    def poll(name: str) -> Polled:
        all_projects()
        return wire(Polled, runtime().poller.poll_now(name))

    @allow(Role.VIEWER)
    @operation(Operation(answer=list[PollState]))
    def polling() -> list[PollState]:
        all_projects()
        return [wire(PollState, state) for state in runtime().poller.status()]

    _add(blueprint, "GET /api/registries/<name>/tags", list_tags, "list_tags", "All tags of an image.")
    _add(blueprint, "POST /api/registries/<name>/poll", poll, "poll_registry", "Look at a registry now.")
    _add(blueprint, "GET /api/polling", polling, "read_polling", "What is polled, when, and whether it went well.")


def _add(blueprint: Blueprint, where: str, view: Any, name: str, summary: str) -> None:
    method, _, path = where.partition(" ")
    view.__name__, view.__doc__ = name, summary
    blueprint.add_url_rule(path, endpoint=name, view_func=view, methods=[method])


def _keep(noun: Noun, body: Any, *, create: bool = False, **more: Any) -> Any:
    connection = domain(noun.domain, body, **more)
    given = getattr(body, noun.kind.secret, msgspec.UNSET)
    secret = wrapped(given) if isinstance(given, str) else None
    runtime().connections.put(connection, secret, actor=actor(), create=create, no_secret=given is None)
    return connection


def _has_secret(kind: ConnectionKind, connection: RegistryConnection | ProxyConnection | EngineConnection) -> bool:
    return runtime().connections.has_secret(kind, connection.name)


def _view(type_: type[V], connection: Any, **more: Any) -> V:
    return typed.convert({**msgspec.to_builtins(connection), **more}, type_, from_attributes=True)
