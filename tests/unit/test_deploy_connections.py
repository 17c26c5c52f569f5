"""Telling Forge about registries, proxies and engines, and asking whether they answer."""

from dataclasses import replace

import pytest

from forge.domain.connection import ConnectionKind, EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.secret import Secret
from tests.unit.deploying import make_world

MAIN = RegistryConnection(name="main", url="https://r.example", username="ann")
PLACE = "registry/main/password"


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path, monkeypatch, start=False)
    yield made
    made.forge.close()


@pytest.fixture
def connections(world):
    return world.forge.connections


def test_a_password_goes_to_the_vault_and_stays_until_another_is_given(world, connections):
    connections.put(MAIN, Secret("hunter2"), actor="ann")
    connections.put(RegistryConnection(name="main", url="https://r.example", interval=9), actor="ann")
    assert connections.get(RegistryConnection, "main").interval == 9
    assert connections.has_secret(ConnectionKind.REGISTRY, "main")
    assert world.forge.store.secrets.get(PLACE) == Secret("hunter2")
    connections.put(MAIN, Secret("hunter3"), actor="ann")
    assert world.forge.store.secrets.get(PLACE) == Secret("hunter3")


def test_the_password_is_forgotten_with_the_connection(world, connections):
    connections.put(MAIN, Secret("hunter2"), actor="ann")
    connections.delete(RegistryConnection, "main", actor="ann")
    assert world.forge.store.secrets.get(PLACE) is None
    connections.put(MAIN, actor="ann")
    assert not connections.has_secret(ConnectionKind.REGISTRY, "main")


def test_creating_what_is_there_is_refused(connections):
    connections.put(MAIN, actor="ann", create=True)
    with pytest.raises(Conflict, match="already"):
        connections.put(MAIN, actor="ann", create=True)


def test_two_connections_to_one_host_are_refused(world, connections):
    connections.put(MAIN, actor="ann")
    with pytest.raises(Conflict, match=r"main is the connection to r\.example"):
        connections.put(RegistryConnection(name="other", url="http://r.example"), Secret("x" * 9), actor="ann")
    assert world.forge.store.secrets.get("registry/other/password") is None


def test_a_change_is_heard_with_its_actor(world, connections):
    connections.put(MAIN, actor="ann")
    connections.delete(RegistryConnection, "main", actor="bob")
    told = world.forge.store.events.activity(before=None, limit=2)
    assert [(e.payload["change"], e.payload["name"], e.actor) for e in told] == [
        ("deleted", "main", "bob"),
        ("changed", "main", "ann"),
    ]


@pytest.mark.parametrize("type_", [RegistryConnection, ProxyConnection, EngineConnection])
def test_what_is_not_there_is_not_found(connections, type_):
    for call in (lambda: connections.delete(type_, "gone", actor="ann"), lambda: connections.test(type_, "gone")):
        with pytest.raises(NotFound):
            call()


def test_testing_says_what_is_wrong_and_the_part_is_known_to_be_down(world, connections):
    assert connections.test(RegistryConnection, "example").ok
    world.registry.down = True
    report = connections.test(RegistryConnection, "example")
    assert (report.ok, report.fault) == (False, "connect")
    assert [part.name for part in world.forge.faults()] == ["example"]
    world.registry.down = False
    assert connections.test(RegistryConnection, "example").ok
    assert world.forge.faults() == ()


def test_an_image_that_the_registry_does_not_have_is_no_fault_of_the_registry(world, connections):
    report = connections.test(RegistryConnection, "example", "nowhere")
    assert (report.ok, report.fault) == (False, "repository")
    assert world.forge.faults() == ()


def test_testing_an_engine_and_a_proxy(world, connections):
    assert "API 1.41 of 1.24 to 1.41" in connections.test(EngineConnection, "local").text
    assert connections.test(ProxyConnection, "caddy").version == "1.0"
    world.engine.down = world.proxy.down = True
    assert connections.test(EngineConnection, "local").fault == "engine_unavailable"
    assert not connections.test(ProxyConnection, "caddy").ok


@pytest.mark.parametrize("image", ["shop", "registry.example/shop"])
def test_tags_are_listed_with_or_without_the_host(world, connections, image):
    world.push("v1")
    assert connections.tags("example", image) == ("v1",)


@pytest.mark.parametrize("image", ["ghcr.io/acme/shop", "Bad Name", ""])
def test_another_registrys_image_is_refused(connections, image):
    with pytest.raises(Invalid):
        connections.tags("example", image)


def test_docker_hubs_short_names_are_understood(world, connections):
    hub = RegistryConnection(name="hub", url="https://registry-1.docker.io", flavour="docker_hub")
    connections.put(hub, actor="ann")
    world.registry.push("library/nginx", "latest")
    assert connections.tags("hub", "nginx") == connections.tags("hub", "docker.io/nginx") == ("latest",)


def test_a_password_is_taken_away_when_that_is_said(connections):
    connections.put(MAIN, Secret("hunter2"), actor="ann")
    connections.put(MAIN, actor="ann", no_secret=True)
    assert not connections.has_secret(ConnectionKind.REGISTRY, "main")


def test_the_proxy_that_new_projects_get_is_not_deleted(world, connections):
    preferences = world.forge.preferences
    preferences.put(replace(preferences.get(), default_proxy="caddy"), actor="ann")
    with pytest.raises(Conflict, match="set another default_proxy first"):
        connections.delete(ProxyConnection, "caddy", actor="ann")
    preferences.put(replace(preferences.get(), default_proxy="published"), actor="ann")
    connections.delete(ProxyConnection, "caddy", actor="ann")


def test_a_password_that_nobody_asks_for_is_refused(world, connections):
    caddy = connections.get(ProxyConnection, "caddy")
    with pytest.raises(Invalid, match="no login") as caught:
        connections.put(caddy, Secret("hunter2"), actor="ann")
    assert list(caught.value.fields) == ["password"]
    assert not connections.has_secret(ConnectionKind.PROXY, "caddy")


def test_tags_of_a_project_come_from_the_registry_of_its_image(world, connections):
    world.push("v1")
    assert connections.tags_of(world.project()) == ("v1",)
