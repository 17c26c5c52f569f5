"""Registries, proxies and engines as they are kept, and the preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from forge import typed
from forge.domain.connection import (
    Connection,
    ConnectionKind,
    EngineConnection,
    ProxyConnection,
    RegistryConnection,
)
from forge.domain.errors import NotFound
from forge.domain.events import Event
from forge.domain.preferences import Preferences
from forge.store.database import Change, Database, from_json, to_json

KIND_OF: dict[type[Connection], ConnectionKind] = {
    RegistryConnection: ConnectionKind.REGISTRY,
    ProxyConnection: ConnectionKind.PROXY,
    EngineConnection: ConnectionKind.ENGINE,
}
C = TypeVar("C", RegistryConnection, ProxyConnection, EngineConnection)


def kind_of(connection: Connection) -> ConnectionKind:
    return KIND_OF[type(connection)]


class Connections:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, type_: type[C]) -> list[C]:
        """All connections of a kind, by name."""
        sql = "SELECT configuration FROM connection WHERE kind = ? ORDER BY name"
        return [typed.decode(row["configuration"], type_) for row in self._database.rows(sql, (KIND_OF[type_],))]

    def get(self, type_: type[C], name: str) -> C:
        """The connection; raise NotFound."""
        sql = "SELECT configuration FROM connection WHERE kind = ? AND name = ?"
        row = self._database.row(sql, (KIND_OF[type_], name))
        if row is None:
            raise NotFound(f"There is no {KIND_OF[type_].value} {name}", code=f"no_{KIND_OF[type_].value}")
        return typed.decode(row["configuration"], type_)

    def names(self, kind: ConnectionKind) -> set[str]:
        """The names of all connections of a kind."""
        return {row["name"] for row in self._database.rows("SELECT name FROM connection WHERE kind = ?", (kind,))}

    def put(self, change: Change, connection: Connection, actor: str) -> None:
        """Keep a connection, new or changed."""
        kind = kind_of(connection)
        change.execute(
            "INSERT INTO connection (kind, name, configuration) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, name) DO UPDATE SET configuration = excluded.configuration",
            (kind, connection.name, to_json(connection)),
        )
        change.emit(_changed(change, kind, connection.name, "changed", actor))

    def delete(self, change: Change, kind: ConnectionKind, name: str, actor: str) -> None:
        """Forget a connection; raise NotFound. Whether it may go is for the caller to know."""
        if not change.execute("DELETE FROM connection WHERE kind = ? AND name = ?", (kind, name)).rowcount:
            raise NotFound(f"There is no {kind.value} {name}", code=f"no_{kind.value}")
        change.emit(_changed(change, kind, name, "deleted", actor))


class PreferenceStore:
    """The preferences; what was never set has its default."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> Preferences:
        return typed.convert(self.given(), Preferences)

    def given(self) -> dict[str, Any]:
        """Only what was set."""
        rows = self._database.rows("SELECT name, value FROM preference WHERE name NOT LIKE '\\_%' ESCAPE '\\'")
        return {row["name"]: from_json(row["value"]) for row in rows}

    def put(self, change: Change, preferences: Preferences, actor: str) -> None:
        """Keep all of `preferences` that differ from what is kept."""
        before = msgspec.to_builtins(self.get())
        after = msgspec.to_builtins(preferences)
        names = sorted(name for name in after if after[name] != before[name])
        for name in names:
            self.keep(change, name, after[name])
        if names:
            change.emit(Event(type="settings_changed", payload={"names": names}, at=change.now, actor=actor))

    def keep(self, change: Change, name: str, value: Any) -> None:
        """Keep one value; names that begin with _ are Forge's own and no preference."""
        change.execute(
            "INSERT INTO preference (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, to_json(value)),
        )

    def own(self, name: str) -> Any:
        """A value of Forge's own (name begins with _), None if it was never kept."""
        row = self._database.row("SELECT value FROM preference WHERE name = ?", (name,))
        return from_json(row["value"]) if row else None


def _changed(change: Change, kind: ConnectionKind, name: str, what: str, actor: str) -> Event:
    payload: Mapping[str, Any] = {"kind": kind.value, "name": name, "change": what}
    return Event(type="connection_changed", payload=payload, at=change.now, actor=actor)
