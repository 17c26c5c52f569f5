"""What a configuration file asks for, as values of the domain, each with its place in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forge.config.shapes import (
    ENGINE,
    NOTIFICATION,
    OIDC,
    PREFERENCES,
    PROJECT,
    PROXY,
    REGISTRY,
    STAGE,
    Shape,
    expect,
    make,
    take,
    text,
)
from forge.config.tree import Item, read_tree
from forge.domain.connection import Connection, EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.notification import Notification
from forge.domain.oidc import Oidc
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.store.connections import KIND_OF

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
KINDS: Mapping[str, tuple[type[Any], Shape]] = {
    "registries": (RegistryConnection, REGISTRY),
    "proxies": (ProxyConnection, PROXY),
    "engines": (EngineConnection, ENGINE),
}
_HOW = "write {env: NAME}, and set the variable NAME where the file is imported."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A secret by the name of the environment variable that holds it."""

    variable: str
    item: Item


# A secret's name → where its value comes from; None: the secret shall go.
References = Mapping[str, Reference | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedConnection:
    item: Item
    value: Connection
    secret: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStage:
    """The secrets that it shall have are for the service to say: those not named here stay."""

    item: Item
    value: Stage
    secrets: References = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProject:
    """`proxy` False: the file names none, so that a project keeps its own and a new one gets the settings' default."""

    item: Item
    value: Project
    proxy: bool
    secrets: References
    stages: tuple[WantedStage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedNotification:
    item: Item
    value: Notification
    address: Reference | None
    key: Reference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOidc:
    item: Item
    value: Oidc
    secret: Reference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`preferences` are only those that the file names, `settings` is where."""

    settings: Item
    preferences: Mapping[str, Any]
    connections: tuple[WantedConnection, ...]
    projects: tuple[WantedProject, ...]
    notifications: tuple[WantedNotification, ...]
    oidc: WantedOidc | None


def read_document(yaml: str) -> Document:
    """Read a configuration file; raise Invalid with line and column for anything that does not belong in one."""
    tree = read_tree(yaml)
    take(tree, {}, (*KINDS, "settings", "projects", "notifications", "oidc"))
    settings = tree.keys.get("settings", Item(kind="mapping", path="settings", line=1, column=1))
    return Document(
        settings=settings,
        preferences=take(settings, PREFERENCES),
        connections=tuple(
            _connection(name, item, *KINDS[section])
            for section in KINDS
            for name, item in _section(tree, section).named()
        ),
        projects=tuple(_project(name, item) for name, item in _section(tree, "projects").named()),
        notifications=tuple(_notification(name, item) for name, item in _section(tree, "notifications").named()),
        oidc=_oidc(tree.keys["oidc"]) if "oidc" in tree.keys else None,
    )


def variables(yaml: str) -> tuple[str, ...]:
    """The names of the environment variables that a configuration file takes secrets from; raise Invalid."""
    document = read_document(yaml)
    references = [wanted.secret for wanted in document.connections]
    references += [reference for one in document.notifications for reference in (one.address, one.key)]
    references += [document.oidc.secret] if document.oidc is not None else []
    for project in document.projects:
        references += [*project.secrets.values()]
        references += [reference for stage in project.stages for reference in stage.secrets.values()]
    return tuple(dict.fromkeys(reference.variable for reference in references if reference is not None))


def _section(tree: Item, name: str) -> Item:
    section = tree.keys.get(name, Item(kind="nothing", path=name, line=1, column=1))
    expect(section, "mapping", "a mapping of names to their configuration")
    return section


def _connection(name: str, item: Item, type_: type[Any], shape: Shape) -> WantedConnection:
    word = KIND_OF[type_].secret
    values = take(item, shape, (word,))
    return WantedConnection(item=item, value=make(item, type_, {"name": name, **values}), secret=_secret(item, word))


def _notification(name: str, item: Item) -> WantedNotification:
    values = take(item, NOTIFICATION, ("address", "key"))
    return WantedNotification(
        item=item,
        value=make(item, Notification, {"name": name, **values}),
        address=_secret(item, "address"),
        key=_secret(item, "key"),
    )


def _oidc(item: Item) -> WantedOidc:
    values = take(item, OIDC, ("secret",))
    return WantedOidc(item=item, value=make(item, Oidc, values), secret=_secret(item, "secret"))


def _secret(item: Item, name: str) -> Reference | None:
    """The one secret of that name, if it is said."""
    said = item.keys.get(name)
    return _reference(said) if said is not None and said.kind != "nothing" else None


def _project(name: str, item: Item) -> WantedProject:
    values = take(item, PROJECT, ("secrets", "stages"))
    secrets = _references(item)
    names = tuple(secret for secret, reference in secrets.items() if reference is not None)
    return WantedProject(
        item=item,
        value=make(item, Project, {"name": name, **values, "secrets": names}),
        proxy="proxy" in values,
        secrets=secrets,
        stages=tuple(_stage(name, stage, its) for stage, its in _below(item, "stages").named()),
    )


def _stage(project: str, name: str, item: Item) -> WantedStage:
    values = take(item, STAGE, ("secrets",))
    secrets = _references(item)
    names = tuple(secret for secret, reference in secrets.items() if reference is not None)
    value = make(item, Stage, {"project": project, "name": name, **values, "secrets": names})
    return WantedStage(item=item, value=value, secrets=secrets)


def _below(item: Item, key: str) -> Item:
    found = item.keys.get(key, Item(kind="nothing", path=f"{item.path}.{key}", line=item.line, column=item.column))
    expect(found, "mapping", f"a mapping of names to what they are ({key})")
    return found


def _references(item: Item) -> dict[str, Reference | None]:
    return {
        name: None if value.kind == "nothing" else _reference(value)
        for name, value in _below(item, "secrets").keys.items()
    }


def _reference(item: Item) -> Reference:
    if item.kind != "mapping":
        raise item.wrong(f"A secret does not stand in this file: {_HOW}")
    take(item, {}, ("env",))
    variable = text(item.keys["env"]) if "env" in item.keys else ""
    if not _VARIABLE.fullmatch(variable):
        raise item.wrong(f"This names no environment variable: {_HOW}")
    return Reference(variable=variable, item=item)
