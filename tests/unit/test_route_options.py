"""What a project asks of its proxy reaches it, at a deploy and when a lost route is put back; or is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from forge.compose import PROXIES, factories_for
from forge.deploy.reconcile import Reconciler
from forge.domain.connection import ProxyConnection
from forge.domain.errors import Invalid
from forge.domain.proxykinds import PROXY_KINDS
from forge.domain.secret import Secret
from forge.proxies.reach import Reached
from forge.settings import Settings
from tests.unit.deploying import live, make_world

NPM = ProxyConnection(name="caddy", kind="npm", url="http://127.0.0.1:81", username="bot@example.com")
ASKED = {"https": "true", "adopt": "true"}


@pytest.fixture
def world(tmp_path, monkeypatch):
    """The proxy that is called caddy here is an NPM."""
    made = make_world(tmp_path, monkeypatch)
    made.forge.connections.put(NPM, Secret("pw"), actor="ann")
    yield made
    made.forge.close()


@pytest.fixture
def options(world):
    """The options of every route that the proxy was pointed at."""
    seen, point = [], world.proxy.point

    def note(route, **more):
        seen.append(dict(route.options))
        point(route, **more)

    world.proxy.point = note
    return seen


def test_a_deploy_asks_for_it(world, options):
    prepared = []
    world.proxy.prepares = lambda route: prepared.append(dict(route.options)) or ""
    world.project(route=ASKED)
    live(world, "dev-1")
    assert options == prepared == [ASKED]


def test_a_route_that_was_lost_is_put_back_as_it_was_asked_for_then(world, options):
    made = world.project(route=ASKED)
    live(world, "dev-1")
    world.forge.projects.change(replace(made, route={}), {}, actor="ann")  # from the next deploy on
    world.proxy.restart()
    Reconciler(world.forge.store, world.forge.adapters, world.forge.parts).routes()
    assert options == [ASKED, ASKED]


def test_what_the_kind_does_not_know_is_refused_with_what_it_knows(world):
    made = world.project()
    for asked in ({"certificate_resolver": "le"}, {"https": "maybe"}):
        with pytest.raises(Invalid) as error:
            world.forge.projects.change(replace(made, route=asked), {}, actor="ann")
        assert list(error.value.fields) == ["route"]
    with pytest.raises(Invalid, match="published"):
        world.forge.projects.change(replace(made, route=ASKED, proxy="published"), {}, actor="ann")


def test_it_is_exported_and_imported_and_the_password_is_a_variable(world):
    world.project(route=ASKED)
    text = world.forge.configs.export()
    said = yaml.safe_load(text)
    assert said["projects"]["shop"]["route"] == ASKED
    assert said["proxies"]["caddy"]["username"] == NPM.username
    assert said["proxies"]["caddy"]["password"] == {"env": "CADDY_PROXY_PASSWORD"}
    more = text.replace("adopt: 'true'", "adopt: false")  # as people write it
    world.forge.configs.apply(more, {"CADDY_PROXY_PASSWORD": "n3w"}, actor="ann")
    assert world.forge.store.projects.get("shop").route == {"https": "true", "adopt": "false"}
    assert world.forge.store.secrets.get("proxy/caddy/password").reveal() == "n3w"


def test_every_kind_that_can_be_told_can_be_made(tmp_path):
    assert set(PROXIES) == set(PROXY_KINDS)
    factories = factories_for(Settings(data=tmp_path, engine="unix:///nowhere.sock"), "h0me")
    directory = {"directory": str(tmp_path)}
    traefik = ProxyConnection(name="t", kind="traefik", url="http://127.0.0.1:1", options=directory)
    for connection in (NPM, traefik, replace(NPM, options={"reach": "172.17.0.1"})):
        made = factories.proxy(connection, Secret("pw"))
        assert isinstance(made, Reached) is (connection.reach is not None)
        made.close()
