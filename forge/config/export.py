"""The configuration as a file that imports again: only what differs from the defaults, secrets by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from forge.config.document import KINDS
from forge.config.shapes import NOTIFICATION, OIDC, PREFERENCES, PROJECT, STAGE, written
from forge.domain.connection import Connection
from forge.domain.notification import Notification
from forge.domain.oidc import Oidc
from forge.domain.project import Project
from forge.domain.stage import Stage, default_bake
from forge.store.connections import kind_of
from forge.store.oidc import SECRET_PLACE
from forge.store.store import Store

_HEAD = """\
# Forge's configuration. `forge config import FILE` adds and changes what stands here, and deletes nothing.
# Secrets are not in this file: {env: NAME} is read from the variable NAME where the import runs;
# where NAME is not set, the secret that Forge has already is kept.
"""


class _Variables:
    """One name for one secret."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def reference(self, *words: str) -> dict[str, str]:
        wanted = "_".join(re.sub(r"[^A-Z0-9]+", "_", word.upper()) for word in words)
        wanted = wanted if wanted[0].isalpha() else f"_{wanted}"
        name = wanted[:120]
        number = 2
        while name in self._taken:
            name, number = f"{wanted[:120]}_{number}", number + 1
        self._taken.add(name)
        return {"env": name}


def export(store: Store) -> str:
    """All connections, settings, projects, stages and notifications as YAML text."""
    variables = _Variables()
    found: dict[str, Any] = {
        section: {
            connection.name: _connection(store, connection, variables) for connection in store.connections.all(type_)
        }
        for section, (type_, _) in KINDS.items()
    }
    found["settings"] = written(store.preferences.get(), PREFERENCES, all_=True)
    stages = store.projects.all_stages()
    found["projects"] = {
        project.name: _project(project, stages.get(project.name, []), variables) for project in store.projects.all()
    }
    found["notifications"] = {one.name: _notification(store, one, variables) for one in store.notifications.all()}
    if (oidc := store.oidc.get()) is not None:
        found["oidc"] = _oidc(store, oidc, variables)
    kept = {section: things for section, things in found.items() if things}
    return _HEAD + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)


def _connection(store: Store, connection: Connection, variables: _Variables) -> dict[str, Any]:
    shape = next(shape for type_, shape in KINDS.values() if type_ is type(connection))
    found = written(connection, shape)
    kind = kind_of(connection)
    if kind.secret in store.secrets.get_all(f"{kind.value}/{connection.name}"):
        found[kind.secret] = variables.reference(connection.name, kind.value, kind.secret)
    return found


def _notification(store: Store, notification: Notification, variables: _Variables) -> dict[str, Any]:
    found = written(notification, NOTIFICATION)
    kept = store.secrets.get_all(f"notification/{notification.name}")
    secrets = [name for name in ("address", "key") if name in kept]
    return found | {name: variables.reference(notification.name, "notification", name) for name in secrets}


def _oidc(store: Store, oidc: Oidc, variables: _Variables) -> dict[str, Any]:
    found = written(oidc, OIDC)
    if store.secrets.get(SECRET_PLACE) is not None:
        found["secret"] = variables.reference("oidc", "secret")
    return found


def _project(project: Project, stages: Iterable[Stage], variables: _Variables) -> dict[str, Any]:
    found = {**written(project, PROJECT), "proxy": project.proxy}
    found |= _secrets(project.secrets, variables, project.name)
    its = {stage.name: _stage(stage, variables) for stage in stages}
    return found | ({"stages": its} if its else {})


def _stage(stage: Stage, variables: _Variables) -> dict[str, Any]:
    found = {"pattern": str(stage.pattern), **written(stage, STAGE)}
    if stage.bake == default_bake(stage.name):
        del found["bake"]
    return found | _secrets(stage.secrets, variables, stage.project, stage.name)


def _secrets(names: Iterable[str], variables: _Variables, *words: str) -> dict[str, Any]:
    found = {name: variables.reference(*words, name) for name in names}
    return {"secrets": found} if found else {}
