"""Connections and preferences as they are kept."""

from dataclasses import replace

import pytest

from forge.domain.connection import ConnectionKind, EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.errors import NotFound
from forge.domain.preferences import PREFERENCE_NAMES, Preferences, UnknownImage
from forge.store.connections import kind_of
from tests.unit.storing import open_store

ALL = (
    RegistryConnection(name="ghcr", url="https://ghcr.io", flavour="ghcr", username="ann", interval=9, parallel=2),
    ProxyConnection(
        name="caddy", kind="caddy", url="http://127.0.0.1:2019", address="http://127.0.0.1:80", options={"server": "b"}
    ),
    EngineConnection(name="local", url="unix:///run/docker.sock"),
)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def store(tmp_path, heard):
    made = open_store(tmp_path, heard)
    yield made
    made.database.close()


def put(store, connection, actor="ann"):
    with store.database.change() as change:
        store.connections.put(change, connection, actor)


@pytest.mark.parametrize("connection", ALL, ids=lambda c: c.name)
def test_a_connection_comes_back_as_it_was(store, connection):
    put(store, connection)
    assert store.connections.get(type(connection), connection.name) == connection
    assert store.connections.all(type(connection)) == [connection]
    assert store.connections.names(kind_of(connection)) == {connection.name}


def test_kinds_do_not_mix_and_all_come_by_name(store):
    put(store, EngineConnection(name="main"))
    for name in ("zoo", "ape"):
        put(store, RegistryConnection(name=name, url=f"https://{name}.example"))
    assert [c.name for c in store.connections.all(RegistryConnection)] == ["ape", "zoo"]
    with pytest.raises(NotFound, match="no proxy main") as raised:
        store.connections.get(ProxyConnection, "main")
    assert raised.value.code == "no_proxy"


def test_a_change_replaces_and_is_told(store, heard):
    put(store, ALL[0])
    put(store, replace(ALL[0], interval=60), "bob")
    assert store.connections.get(RegistryConnection, "ghcr").interval == 60
    assert [(e.type, e.payload, e.actor) for e in heard[1:]] == [
        ("connection_changed", {"kind": "registry", "name": "ghcr", "change": "changed"}, "bob")
    ]


def test_deleting_is_told_and_what_is_not_there_is_said(store, heard):
    put(store, ALL[0])
    with store.database.change() as change:
        store.connections.delete(change, ConnectionKind.REGISTRY, "ghcr", "ann")
    assert heard[-1].payload["change"] == "deleted"
    with pytest.raises(NotFound), store.database.change() as change:
        store.connections.delete(change, ConnectionKind.REGISTRY, "ghcr", "ann")


# ---- preferences

OTHERS = Preferences(
    domain="example.org", domain_pattern="{project}.{domain}", unknown_image=UnknownImage.DEPLOY,
    default_proxy="caddy", host_paths=("/srv",), free_disk=5, webhook_signature=True, receipts=7, events=2000,
    close_to_tray=True, backup_daily=False, backup_hour=5, backup_days=14, backup_weeks=8,
    public_url="https://forge.example.org",
)  # fmt: skip


def prefer(store, preferences):
    with store.database.change() as change:
        store.preferences.put(change, preferences, "ann")


def test_what_was_never_set_has_its_default(store):
    assert store.preferences.get() == Preferences()
    assert store.preferences.given() == {}


def test_every_preference_is_kept(store, heard):
    """Pitfall 31."""
    assert all(getattr(OTHERS, name) != getattr(Preferences(), name) for name in PREFERENCE_NAMES)
    prefer(store, OTHERS)
    assert store.preferences.get() == OTHERS
    assert heard[-1].payload == {"names": sorted(PREFERENCE_NAMES)}


def test_only_what_changed_is_kept_and_told(store, heard):
    prefer(store, Preferences())
    assert heard == []
    prefer(store, replace(Preferences(), domain="example.org"))
    assert store.preferences.given() == {"domain": "example.org"}
    assert [e.payload for e in heard] == [{"names": ["domain"]}]


def test_forges_own_values_are_no_preferences(store):
    with store.database.change() as change:
        store.preferences.keep(change, "_home", "h0me")
    assert store.preferences.own("_home") == "h0me"
    assert store.preferences.own("_never") is None
    assert store.preferences.get() == Preferences()
