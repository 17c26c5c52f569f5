"""A config service on a real store in a folder of its own; engine, registry and proxy are never asked."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from forge.config.service import ConfigService
from forge.deploy.adapters import Adapters, Factories
from forge.deploy.connections import ConnectionService
from forge.deploy.notifications import NotificationService
from forge.deploy.parts import Health
from forge.deploy.preferences import PreferenceService
from forge.deploy.projects import ProjectService
from forge.deploy.prune import Pruner
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.events import Event
from forge.domain.notification import NotificationKind
from forge.domain.secret import Secret
from forge.store.database import Database
from forge.store.store import make_store
from forge.vault import Vault


class Configured:
    """`events` are all that were published, `woken` how often the deployer was woken."""

    def __init__(self, folder: Path) -> None:
        self.events: list[Event] = []
        self.woken = 0
        database = Database(folder / "forge.db", self.events.extend)
        database.open()
        self.store = make_store(database, Vault([bytes(32)]))
        self.adapters = Adapters(self.store, Factories(engine=_never, registry=_never, proxy=_never))
        projects = ProjectService(self.store, self.adapters, Pruner(self.store, self.adapters), self._wake)
        connections = ConnectionService(self.store, self.adapters, Health(self.store), self._wake)
        notifications = NotificationService(
            store=self.store,
            checks={NotificationKind.APPRISE: _scheme, NotificationKind.WEBHOOK: _scheme},
            check_key=lambda _: None,
            changed=self._wake,
        )
        self.service = ConfigService(self.store, projects, connections, PreferenceService(self.store), notifications)
        with database.change() as change:
            self.store.connections.put(change, EngineConnection(name="local"), "forge")
            self.store.connections.put(change, ProxyConnection(name="published", kind="published"), "forge")
        self.events.clear()

    def _wake(self) -> None:
        self.woken += 1

    def everything(self) -> dict[str, object]:
        """All that is configured, to be compared."""
        store = self.store
        places = [row["place"] for row in store.database.rows("SELECT place FROM secret ORDER BY place")]
        return {
            "connections": [store.connections.all(t) for t in (RegistryConnection, ProxyConnection, EngineConnection)],
            "preferences": store.preferences.get(),
            "projects": store.projects.all(),
            "stages": store.projects.all_stages(),
            "notifications": store.notifications.all(),
            "secrets": {place: store.secrets.get(place) for place in places},
        }


def _scheme(address: Secret) -> str:
    return address.reveal().partition("://")[0]


def _never(*_: object) -> NoReturn:
    raise AssertionError("Nothing outside is asked for a configuration")
