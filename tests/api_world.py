"""A Forge put together by compose(), with its parts in memory, asked through its HTTP application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forge.api.app import make_app
from forge.api.context import Context
from forge.api.cookies import COOKIE
from forge.compose import compose
from forge.deploy.adapters import Factories
from forge.domain.connection import ProxyConnection, RegistryConnection
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.person import Person, Principal
from forge.domain.route import Target
from forge.runtime import Runtime
from forge.settings import Settings
from forge.store.people import told
from tests.cheap import cheapen
from tests.fake_engine import FakeEngine
from tests.fake_machine import Behaviour
from tests.fake_proxy import FakeProxy
from tests.fake_registry import FakeRegistry


class World:
    """`app` over a runtime with fakes; `ask` as its owner, `nobody` as a client without a login."""

    def __init__(self, data: Path) -> None:
        self.engine, self.registry, self.proxy = FakeEngine(), FakeRegistry(), FakeProxy()
        self.engine.known["stranger@sha256:0"] = Behaviour()
        factories = Factories(
            engine=lambda *_: self.engine, registry=lambda _c, _p: self.registry, proxy=lambda _c, _p: self.proxy
        )
        self.runtime: Runtime = compose(Settings(data=data), factories=factories)
        cheapen(self.runtime.people)
        self.app: Flask = make_app(self.runtime)
        self.app.config["FORGE_STATIC"] = str(data / "no-board")  # the same whether a board was built here or not
        self.nobody: FlaskClient = self.app.test_client()
        self.context: Context = self.app.extensions["forge"]
        self.bearer = {"Authorization": f"Bearer {self.runtime.token.reveal()}"}

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The answer to a request with the launch token."""
        headers = {**self.bearer, **more.pop("headers", {})}
        return self.nobody.open(path, method=method, json=body, headers=headers, **more)

    def browser(self, principal: Principal) -> FlaskClient:
        """A browser in which `principal` is signed in."""
        client = self.app.test_client()
        client.set_cookie(COOKIE, self.session(principal))
        return client

    def session(self, principal: Principal) -> str:
        """A session of `principal`, who gets an account if there is none of that name."""
        store = self.runtime.store
        if principal.name not in {person.name for person in store.people.all()}:
            person = Person(name=principal.name, role=principal.role, projects=principal.projects)
            with store.database.change() as change:
                store.people.add(change, person, "no hash")
                told("person_changed", change, "test", name=principal.name, change="made")
        return self.runtime.people.sessions.begin(principal.name)

    def connect(self) -> None:
        """A registry and a proxy that a person told Forge about."""
        with self.runtime.store.database.change() as change:
            put = self.runtime.store.connections.put
            put(change, RegistryConnection(name="main", url="http://127.0.0.1:5000", interval=0), "ada")
            put(change, ProxyConnection(name="edge", kind="caddy", url="http://127.0.0.1:2019"), "ada")

    def make_shop(self, **more: Any) -> Any:
        """Project shop with the stages dev and rel."""
        body = {
            "name": "shop",
            "image": "127.0.0.1:5000/org/shop",
            "port": 8080,
            "stages": [{"name": "dev", "pattern": "glob:dev-*"}, {"name": "rel", "promote_from": "dev"}],
            **more,
        }
        return self.ask("POST", "/api/projects", body)

    def add_instance(self, id: str = "a1b2c3", stage: str = "dev", *, deploy: int = 1) -> Instance:
        """A running instance that serves shop/dev."""
        container = self.engine.stranger(f"shop-{stage}-{id}")
        instance = Instance(
            id=id, project="shop", stage=stage, deploy=deploy, tag="dev-1", digest="sha256:" + "0" * 64,
            engine="local", name=f"shop-{stage}-{id}", container=container, status=InstanceStatus.RUNNING,
            serving=True, target=Target("127.0.0.1", 20001),
        )  # fmt: skip
        with self.runtime.store.database.change() as change:
            return self.runtime.store.instances.put(change, instance)

    def close(self) -> None:
        self.app.extensions["hub"].close()
        self.runtime.close()


@pytest.fixture(name="world")
def world_fixture(tmp_path: Path) -> Iterator[World]:
    """Import it, and ask for `world`."""
    with a_world(tmp_path / "data") as world:
        world.connect()
        yield world


@contextmanager
def a_world(data: Path) -> Iterator[World]:
    """A world, and its end."""
    world = World(data)
    try:
        yield world
    finally:
        world.close()
