"""What is on this machine already, and a login that is taken over."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from forge.deploy.discovery import EngineFound, LoginFound
from forge.domain.connection import ConnectionKind, RegistryConnection
from forge.domain.errors import Conflict, NotFound, RegistryError
from forge.proxies.found import FoundProxy
from forge.registries.docker_logins import DockerLogins
from tests.unit.adopting import move_in
from tests.unit.deploying import make_world
from tests.world import HOST


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path / "data", monkeypatch, start=False)
    yield made
    made.forge.close()


@pytest.fixture
def discovery(world, tmp_path):
    hosts = ("ghcr.io", HOST, "https://index.docker.io/v1/", "127.0.0.1:5000")
    login = {"auth": base64.b64encode(b"ann:p1anted-s3cret").decode()}
    auths = {**dict.fromkeys(hosts, login), "kept.example": {}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths, "credsStore": "desktop"}))
    return replace(world.forge.discovery, logins=DockerLogins(tmp_path), proxies=lambda: ())


def test_an_engine_that_answers_says_how_many_could_be_adopted(world, discovery):
    move_in(world.engine)
    (engine,) = discovery.look().engines
    assert (engine.name, engine.ok, engine.version, engine.strangers) == ("local", True, "0-fake", 1)


def test_an_engine_that_does_not_says_what_to_do(world, discovery):
    world.engine.down = True
    text = "The engine “fake” does not answer: start Docker."
    assert discovery.look().engines == (EngineFound(name="local", ok=False, text=text, version="", strangers=0),)


def test_logins_are_told_by_host_and_never_shown(discovery):
    found = {one.host: one for one in discovery.look().logins}
    assert found["ghcr.io"] == LoginFound(host="ghcr.io", usable=True, helper=None, registry=None, has_password=False)
    assert found[HOST].registry == "example"
    assert (found["kept.example"].usable, found["kept.example"].helper) == (False, "desktop")
    assert "p1anted" not in repr(found)


def test_a_proxy_that_forge_knows_is_told_by_its_name(discovery):
    there = (
        FoundProxy(kind="caddy", url="http://127.0.0.1:2019", address="http://127.0.0.1:80"),
        FoundProxy(kind="npm", url="http://127.0.0.1:81", version="2.13.7"),
    )
    found = replace(discovery, proxies=lambda: there).look().proxies
    assert [(one.kind, one.proxy) for one in found] == [("caddy", "caddy"), ("npm", None)]


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("ghcr.io", ("ghcr-io", "https://ghcr.io", "ghcr")),
        ("docker.io", ("docker-io", "https://registry-1.docker.io", "docker_hub")),
        ("127.0.0.1:5000", ("r127-0-0-1-5000", "http://127.0.0.1:5000", "oci")),
    ],
)
def test_a_login_is_taken_over_with_a_connection_of_its_own(world, discovery, host, wanted):
    made = discovery.take_login(host, actor="ann")
    assert (made.name, made.url, made.flavour, made.username) == (*wanted, "ann")
    assert world.forge.store.connections.get(RegistryConnection, made.name) == made
    assert world.forge.store.secrets.get(f"registry/{made.name}/password").reveal() == "p1anted-s3cret"
    assert {one.host for one in discovery.look().logins if one.has_password} == {host}


def test_a_connection_that_has_none_gets_it_and_keeps_the_rest(world, discovery):
    before = world.forge.store.connections.get(RegistryConnection, "example")
    assert discovery.take_login(HOST, actor="ann") == replace(before, username="ann")
    assert world.forge.connections.has_secret(ConnectionKind.REGISTRY, "example")


def test_one_that_forge_has_is_not_overwritten(discovery):
    discovery.take_login("ghcr.io", actor="ann")
    with pytest.raises(Conflict) as error:
        discovery.take_login("ghcr.io", actor="ann")
    assert error.value.code == "has_login"


@pytest.mark.parametrize("host", ["kept.example", "nowhere.example", ""])
def test_what_the_file_does_not_hold_cannot_be_taken_over(discovery, host):
    with pytest.raises(NotFound) as error:
        discovery.take_login(host, actor="ann")
    assert error.value.code == "no_login"


def test_a_login_that_the_registry_refuses_is_not_kept(world, discovery):
    world.registry.wanted = ("ann", "another")
    with pytest.raises(RegistryError, match="asks for a login") as error:
        discovery.take_login("ghcr.io", actor="ann")
    assert error.value.code == "registry_login"
    assert "ghcr-io" not in world.forge.store.connections.names(ConnectionKind.REGISTRY)
