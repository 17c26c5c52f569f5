"""doctor: what is wrong, and what to do about it; with and without a running Forge."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from forge.commands.client import Client, NotRunning, part
from forge.commands.output import line, say_json
from forge.commands.state import Command, State, pass_state
from forge.domain.errors import ForgeError
from forge.settings import Settings, prepare
from forge.vault import CHECK_PLACE, open_vault

if TYPE_CHECKING:
    from forge.deploy.connections import ConnectionService

_LITTLE = 1 << 30  # bytes
_KINDS = (("engine", "engines"), ("registry", "registries"), ("proxy", "proxies"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `text` says what to do where it is not well."""

    name: str
    ok: bool
    text: str


@click.command("doctor", cls=Command)
@pass_state
def doctor(state: State) -> None:
    """Look at data folder, database, key, and every engine, registry and proxy; exit 1 if one is not well."""
    settings = state.settings()
    findings: list[Finding] = []
    for found in examine(settings, state.client):
        findings.append(found)
        if not state.as_json:
            line(f"{'✓' if found.ok else '✗'} {found.name}: {found.text}")
    ok = all(found.ok for found in findings)
    if state.as_json:
        say_json({"ok": ok, "findings": [asdict(found) for found in findings]})
    click.get_current_context().exit(0 if ok else 1)


def examine(settings: Settings, client: Callable[[], Client]) -> Iterator[Finding]:
    """Everything, one after the other; nothing is changed, and nothing that is missing is made."""
    try:
        running = client()
        running.get("session")
    except ForgeError as error:
        yield Finding("server", isinstance(error, NotRunning) and not settings.address_file.exists(), error.message)
        yield from _folder(settings)
        yield from _closed(settings)
        return
    health = running.get("health")
    yield Finding("server", True, f"Forge {health['version']} answers at {running.address.url}")
    yield from _folder(settings)
    yield from _open(running, health["parts"])


def _folder(settings: Settings) -> Iterator[Finding]:
    """The data folder, the database and the key."""
    data = settings.data
    if not data.exists():
        yield Finding("data folder", True, f"{data} is not there yet: the first `forge serve` makes it")
        return
    try:
        prepare(settings)
        free = shutil.disk_usage(data).free
    except ForgeError as error:
        yield Finding("data folder", False, error.message)
        return
    enough = free >= _LITTLE
    yield Finding(
        "data folder", enough, f"{data}, {free // (1 << 20)} MiB free{'' if enough else ': make room on its disk'}"
    )
    if settings.database.exists():
        yield _database(settings)
        yield _key(settings)


def _database(settings: Settings) -> Finding:
    from forge.store.database import migrations  # noqa: PLC0415

    newest = migrations()[-1][0]
    try:
        with closing(_connect(settings)) as connection:
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return Finding("database", False, f"{settings.database} cannot be read ({error}): restore a backup of it")
    if said != "ok":
        return Finding("database", False, f"{settings.database} is damaged ({said[:100]}): see `forge restore --help`")
    if version > newest:
        return Finding("database", False, f"its schema is {version}, this Forge knows {newest}: use the newer Forge")
    later = "" if version == newest else f"; the next start brings it to {newest}"
    return Finding("database", True, f"whole, schema {version}{later}")


def _is_current(settings: Settings) -> bool:
    from forge.store.database import migrations  # noqa: PLC0415

    try:
        with closing(_connect(settings)) as connection:
            return bool(connection.execute("PRAGMA user_version").fetchone()[0] == migrations()[-1][0])
    except sqlite3.DatabaseError:
        return False


def _key(settings: Settings) -> Finding:
    try:
        vault = open_vault(
            settings.key_file, key=settings.encryption_key, old=settings.encryption_key_old, first_start=False
        )
        with closing(_connect(settings)) as connection:
            row = connection.execute("SELECT sealed FROM secret WHERE place = ?", (CHECK_PLACE,)).fetchone()
        if row is not None:
            vault.check(row[0])
    except ForgeError as error:
        return Finding("key", False, error.message)
    except sqlite3.DatabaseError as error:
        return Finding("key", False, f"whether it fits cannot be told: {error}")
    return Finding("key", True, "it opens the secrets of this folder")


def _connect(settings: Settings) -> sqlite3.Connection:
    """A connection that cannot write."""
    return sqlite3.connect(f"{settings.database.as_uri()}?mode=ro", uri=True, timeout=5)


def _contexts(known: Iterable[str | None]) -> Iterator[Finding]:
    """Engines that Docker's command line knows and Forge does not: nothing is wrong with that."""
    from forge.engines.access import contexts_of, usual_url  # noqa: PLC0415

    urls = {*known, usual_url(os.environ)}
    for one in contexts_of(os.environ).all():
        if not one.fault and one.url not in urls:
            todo = f"to deploy there: forge discover --take-context {one.name}"
            yield Finding(f"context {one.name}", True, f"Docker knows an engine at {one.url}; {todo}")


def _open(client: Client, parts: list[dict[str, Any]]) -> Iterator[Finding]:
    """The running Forge asks each connection; of what is no connection it says what it knows."""
    named = set()
    for kind, path in _KINDS:
        for one in client.get(path):
            named.add((kind, one["name"]))
            report = client.post(f"{path}/{part(one['name'])}/test", {})
            yield Finding(f"{kind} {one['name']}", report["ok"], report["text"])
    for other in parts:
        if (other["kind"], other["name"]) not in named:
            yield Finding(f"{other['kind']} {other['name']}", other["ok"], other["fault"] or "It answers")
    yield from _contexts(one["url"] for one in client.get("engines"))


def _closed(settings: Settings) -> Iterator[Finding]:
    """No Forge runs: ask each connection from here, as it would."""
    if not settings.database.exists():
        yield _lone_engine(settings)
        return
    if not _is_current(settings):
        return  # opening the folder would change it
    from forge.compose import factories_for, open_folder  # noqa: PLC0415  knows all of Forge
    from forge.deploy.adapters import Adapters  # noqa: PLC0415
    from forge.deploy.connections import ConnectionService  # noqa: PLC0415
    from forge.deploy.parts import Health  # noqa: PLC0415

    try:
        lock, _, store, home = open_folder(settings)
    except ForgeError as error:
        yield Finding("start", False, error.message)
        return
    lock.release()  # a Forge that starts while we ask must not be in our way, nor we in its
    adapters = Adapters(store, factories_for(settings, home))
    try:
        yield from _connections(ConnectionService(store, adapters, Health(store), lambda: None))
    finally:
        adapters.close()
        store.database.close()


def _connections(connections: ConnectionService) -> Iterator[Finding]:
    from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection  # noqa: PLC0415

    kinds: tuple[tuple[str, Any], ...] = (
        ("engine", EngineConnection), ("registry", RegistryConnection), ("proxy", ProxyConnection),
    )  # fmt: skip
    for kind, type_ in kinds:
        for one in connections.all(type_):
            report = connections.ask(type_, one.name)
            yield Finding(f"{kind} {one.name}", report.ok, report.text)
    yield from _contexts(one.url for one in connections.all(EngineConnection))


def _lone_engine(settings: Settings) -> Finding:
    """Before the first start: the engine that would be used."""
    from forge.compose import factories_for  # noqa: PLC0415
    from forge.domain.connection import EngineConnection  # noqa: PLC0415

    engine = factories_for(settings, "doctor").engine(EngineConnection(name="local"), None)
    try:
        found = engine.version()
    except ForgeError as error:
        return Finding("engine local", False, error.message)
    finally:
        engine.close()
    return Finding("engine local", True, f"Docker {found.version}, API {found.api_min} to {found.api_max}")
