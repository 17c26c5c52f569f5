"""Configuration as a file: what it would change, and changing it in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from forge.config.document import Document, read_document
from forge.config.export import export
from forge.config.importing import Import
from forge.deploy.connections import ConnectionService
from forge.deploy.notifications import NotificationService
from forge.deploy.preferences import PreferenceService
from forge.deploy.projects import ProjectService
from forge.domain.connection import Connection
from forge.store.store import Store

NOTHING = "= nothing to change"


class _TakeBack(Exception):
    """Ends a change that was only to be looked at."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines


@dataclass(frozen=True, slots=True)
class ConfigService:
    """Import adds and changes what the file names and deletes nothing: a thing that the file leaves out stays, a key
    that a named thing leaves out has its default (settings and secrets that are left out stay; null removes a secret).
    """

    store: Store
    projects: ProjectService
    connections: ConnectionService
    preferences: PreferenceService
    notifications: NotificationService

    def export(self) -> str:
        """The configuration as YAML that imports again; secrets as {env: NAME}, never their values."""
        return export(self.store)

    def plan(self, text: str, environment: Mapping[str, str]) -> list[str]:
        """What `apply` would do, line by line, by doing it and taking it back. Raises what `apply` raises."""
        document = read_document(text)
        try:
            self._try(document, environment)
        except _TakeBack as done:
            return done.lines or [NOTHING]

    def apply(self, text: str, environment: Mapping[str, str], *, actor: str) -> list[str]:
        """Make it so, all of it in one transaction, and say what was done. A second time changes nothing.

        `environment` holds the variables that the file takes secrets from. Raise Invalid or Conflict with the line
        and column of what cannot be; then nothing is changed.
        """
        document = read_document(text)
        work = self._import(environment, actor)
        with self.store.database.change() as change:
            lines = work.all(change, document)
        self._renew(work.changed, document)
        return lines or [NOTHING]

    def says_who_may(self, text: str) -> bool:
        """Whether a file is also about who may sign in. Raise Invalid."""
        return read_document(text).oidc is not None

    def _try(self, document: Document, environment: Mapping[str, str]) -> NoReturn:
        with self.store.database.change() as change:
            raise _TakeBack(self._import(environment, "nobody").all(change, document))

    def _import(self, environment: Mapping[str, str], actor: str) -> Import:
        return Import(
            store=self.store,
            projects=self.projects,
            connections=self.connections,
            preferences=self.preferences,
            notifications=self.notifications,
            environment=environment,
            actor=actor,
        )

    def _renew(self, changed: list[Connection], document: Document) -> None:
        for connection in changed:
            self.connections.renew(connection)
        if document.projects:
            self.projects.wake()
        if document.notifications:
            self.notifications.changed()
