"""The settings that are changed while Forge runs, held against what is there."""

from __future__ import annotations

from dataclasses import dataclass

from forge.deploy.claims import check_domains
from forge.domain.connection import ConnectionKind
from forge.domain.errors import Conflict, Invalid
from forge.domain.preferences import Preferences
from forge.store.store import Store


@dataclass(frozen=True, slots=True)
class PreferenceService:
    store: Store

    def get(self) -> Preferences:
        return self.store.preferences.get()

    def put(self, preferences: Preferences, *, actor: str) -> None:
        """Replace the settings; raise Invalid or Conflict and keep the old ones."""
        with self.store.database.change() as change:
            self.check(preferences)
            self.store.preferences.put(change, preferences, actor)

    def check(self, preferences: Preferences) -> None:
        """Raise Invalid for a default proxy that is not there, Conflict if two stages would have one domain."""
        if preferences.default_proxy not in self.store.connections.names(ConnectionKind.PROXY):
            fields = {"default_proxy": "no such proxy"}
            raise Invalid(f"There is no proxy {preferences.default_proxy}", code="no_proxy", fields=fields)
        stages = self.store.projects.all_stages()
        places = [(project, stage) for project in self.store.projects.all() for stage in stages.get(project.name, ())]
        try:
            check_domains(places, preferences)
        except Conflict as error:
            fields = {"domain_pattern": "two stages get one domain"}
            raise Conflict(error.message, code=error.code, fields=fields) from error
