"""Making a document so, inside one change: connections first, then settings, projects and their stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from forge.config.difference import differences
from forge.config.document import (
    KINDS,
    Document,
    Reference,
    References,
    WantedConnection,
    WantedNotification,
    WantedOidc,
    WantedProject,
    WantedStage,
)
from forge.config.shapes import NOTIFICATION, OIDC, PREFERENCES, PROJECT, STAGE
from forge.deploy.connections import ConnectionService
from forge.deploy.notifications import NotificationService
from forge.deploy.preferences import PreferenceService
from forge.deploy.projects import ProjectService
from forge.deploy.queue import project_place, stage_place
from forge.domain.connection import Connection
from forge.domain.project import Project
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.store.connections import kind_of
from forge.store.database import Change
from forge.store.oidc import SECRET_PLACE
from forge.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One run. `changed` are the connections whose adapters must be made anew after the commit."""

    store: Store
    projects: ProjectService
    connections: ConnectionService
    preferences: PreferenceService
    notifications: NotificationService
    environment: Mapping[str, str]
    actor: str
    changed: list[Connection] = field(default_factory=list)

    def all(self, change: Change, document: Document) -> list[str]:
        """Do it and return a line for each thing that was not as the document says."""
        lines = [self._connection(change, wanted) for wanted in document.connections]
        lines.append(self._preferences(change, document))
        for project in document.projects:
            lines.append(self._project(change, project))
            lines += [self._stage(change, stage) for stage in project.stages]
        self._check(document)
        lines += [self._notification(change, wanted) for wanted in document.notifications]
        lines.append(self._oidc(change, document.oidc) if document.oidc is not None else "")
        return [line for line in lines if line]

    # ---- one thing each: "" if it is as it should be

    def _connection(self, change: Change, wanted: WantedConnection) -> str:
        kind, type_ = kind_of(wanted.value).value, cast("Any", type(wanted.value))
        before = next((one for one in self.store.connections.all(type_) if one.name == wanted.value.name), None)
        place = f"{kind}/{wanted.value.name}"
        word = kind_of(wanted.value).secret
        kept = self.store.secrets.get_all(place).get(word)
        secret = self._value(wanted.secret, kept)
        if before == wanted.value and secret is None:
            return ""
        with wanted.item.located():
            self.connections.put_in(change, wanted.value, secret, actor=self.actor)
        self.changed.append(wanted.value)
        if before is None:
            return f"+ {kind} {wanted.value.name}"
        shape = next(shape for known, shape in KINDS.values() if known is type_)
        said = differences(before, wanted.value, shape) + ([f"a new {word}"] if secret is not None else [])
        return f"~ {kind} {wanted.value.name}: {'; '.join(said)}"

    def _preferences(self, change: Change, document: Document) -> str:
        before = self.store.preferences.get()
        with document.settings.located():
            after = replace(before, **document.preferences)
        if after == before:
            return ""
        self.store.preferences.put(change, after, self.actor)
        return f"~ settings: {'; '.join(differences(before, after, PREFERENCES))}"

    def _project(self, change: Change, wanted: WantedProject) -> str:
        name = wanted.value.name
        before = next((one for one in self.store.projects.all() if one.name == name), None)
        secrets, said = self._secrets(project_place(name), wanted.secrets)
        with wanted.item.located():
            value = replace(wanted.value, secrets=_names(before, wanted.secrets))
            if not wanted.proxy:
                value = replace(value, proxy=before.proxy if before else self.store.preferences.get().default_proxy)
            if before is None:
                self.projects.create_in(change, value, secrets, actor=self.actor)
                return f"+ project {name}"
            if before == value and not said:
                return ""
            self.projects.change_in(change, value, secrets, actor=self.actor)
        return f"~ project {name}: {'; '.join(differences(before, value, PROJECT) + said)}"

    def _stage(self, change: Change, wanted: WantedStage) -> str:
        stage = wanted.value
        before = next((one for one in self.store.projects.stages(stage.project) if one.name == stage.name), None)
        secrets, said = self._secrets(stage_place(stage.project, stage.name), wanted.secrets)
        with wanted.item.located():
            value = replace(stage, secrets=_names(before, wanted.secrets))
            if before is None:
                self.projects.create_stage_in(change, value, secrets, actor=self.actor)
                return f"+ stage {stage.key}"
            if before == value and not said:
                return ""
            self.projects.change_stage_in(change, value, secrets, actor=self.actor)
        return f"~ stage {stage.key}: {'; '.join(differences(before, value, STAGE) + said)}"

    def _notification(self, change: Change, wanted: WantedNotification) -> str:
        name = wanted.value.name
        before = next((one for one in self.store.notifications.all() if one.name == name), None)
        kept = self.store.secrets.get_all(f"notification/{name}")
        given = {
            what: self._value(reference, kept.get(what))
            for what, reference in (("address", wanted.address), ("key", wanted.key))
        }
        same = before is not None and replace(wanted.value, service=before.service) == before
        if same and not any(given.values()):
            return ""
        with wanted.item.located():
            self.notifications.put_in(change, wanted.value, given["address"], given["key"], actor=self.actor)
        if before is None:
            return f"+ notification {name}"
        said = [f"a new {what}" for what, secret in given.items() if secret is not None]
        return f"~ notification {name}: {'; '.join(differences(before, wanted.value, NOTIFICATION) + said)}"

    def _oidc(self, change: Change, wanted: WantedOidc) -> str:
        before = self.store.oidc.get()
        secret = self._value(wanted.secret, self.store.secrets.get(SECRET_PLACE))
        if before == wanted.value and secret is None:
            return ""
        with wanted.item.located():
            wanted.value.check_projects({project.name for project in self.store.projects.all()})
        self.store.oidc.put(change, wanted.value, self.actor)
        if secret is not None:
            self.store.secrets.put(change, SECRET_PLACE, secret)
        if before is None:
            return f"+ oidc {wanted.value.issuer}"
        said = differences(before, wanted.value, OIDC) + (["a new secret"] if secret is not None else [])
        return f"~ oidc: {'; '.join(said)}"

    def _check(self, document: Document) -> None:
        """When all is in its place: what two things may not both have."""
        for wanted in document.projects:
            with wanted.item.located():
                project = self.store.projects.get(wanted.value.name)
                self.projects.check(project, self.store.projects.stages(project.name))
        if document.preferences:
            with document.settings.located():
                self.preferences.check(self.store.preferences.get())

    # ---- secrets

    def _secrets(self, place: str, references: References) -> tuple[dict[str, Secret | None], list[str]]:
        """The values that are new, and what to say of them."""
        kept = self.store.secrets.get_all(place)
        values: dict[str, Secret | None] = {}
        said = []
        for name, reference in references.items():
            if reference is None:
                said += [f"secret {name} removed"] if name in kept else []
                continue
            value = self._value(reference, kept.get(name))
            if value is not None:
                values[name] = value
                said.append(f"secret {name} {'has a new value' if name in kept else 'added'}")
        return values, said

    def _value(self, reference: Reference | None, kept: Secret | None) -> Secret | None:
        """The value to keep from now on, None if the kept one is it; raise Invalid if there is neither."""
        if reference is None:
            return None
        given = self.environment.get(reference.variable, "")
        if not given:
            if kept is None:
                raise reference.item.wrong(
                    f"The environment variable {reference.variable} is not set: set it where the file is imported."
                )
            return None
        value = Secret(given)
        return None if value == kept else value


def _names(before: Project | Stage | None, references: References) -> tuple[str, ...]:
    """The secrets a thing shall have: those it had, and the named ones, less those that shall go."""
    named = [*(before.secrets if before else ()), *references]
    gone = {name for name, reference in references.items() if reference is None}
    return tuple(dict.fromkeys(name for name in named if name not in gone))
