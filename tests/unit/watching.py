"""What the tests of forge.watch share: a store in a folder, registries in memory, a clock that is turned by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from forge.deploy.adapters import Adapters, Factories
from forge.deploy.projects import ProjectService
from forge.deploy.prune import Pruner
from forge.deploy.queue import Queue
from forge.deploy.quick import QuickDeploy
from forge.deploy.requests import Requests
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.deploy import Deploy, DeployStatus
from forge.domain.events import Event
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.domain.tags import parse_pattern
from forge.store.database import Database
from forge.store.store import Store, make_store
from forge.vault import Vault
from forge.watch.poller import Poller
from forge.watch.sightings import SightingService
from forge.watch.webhook import WebhookService
from tests.fake_registry import FakeRegistry

HOST = "registry.example.org"
IMAGE = f"{HOST}/acme/shop"
NOON = 1_767_265_200.0


class Clock:
    """Unix seconds that a test turns on."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program writes to the database, and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@dataclass
class World:
    """Everything that forge.watch needs, with deploys that end when a test says so."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    registry: FakeRegistry = field(init=False)
    woken: int = 0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = FakeRegistry(clock=self.clock)
        self.others: dict[str, FakeRegistry] = {}
        self.store = self.open()
        with self.store.database.change() as change:
            self.store.connections.put(change, EngineConnection(name="local"), "test")
            self.store.connections.put(change, ProxyConnection(name="published", kind="published"), "test")
            self.store.connections.put(change, RegistryConnection(name="main", url=f"https://{HOST}"), "test")
        factories = Factories(engine=_none, registry=lambda it, _: self.registry_at(it.host), proxy=_none)
        self.adapters = Adapters(self.store, factories)
        self.queue = Queue(self.store)
        self.service = SightingService(self.store, self.adapters, self.queue, self.wake, clock=self.clock)
        pruner = Pruner(self.store, self.adapters)
        requests = Requests(self.store, self.adapters, self.queue, self.wake)
        self.projects = ProjectService(self.store, self.adapters, pruner, self.wake)
        self.quick = QuickDeploy(self.store, self.adapters, self.projects, requests)
        self.webhook = WebhookService(self.store, self.service, self.quick, clock=self.clock)
        self.poller = Poller(self.service, clock=self.clock, chance=lambda: 0.5, submit=lambda work: work())

    def open(self) -> Store:
        database = Database(self.folder / "forge.db", self.events.extend, self.clock)
        database.open()
        return make_store(database, Vault([b"k" * 32]))

    def registry_at(self, host: str) -> FakeRegistry:
        if host == HOST:
            return self.registry
        return self.others.setdefault(host, FakeRegistry(clock=self.clock))

    def wake(self) -> None:
        self.woken += 1

    # ---- what there is

    def project(self, name: str = "shop", image: str = IMAGE, **more: Any) -> Project:
        made = Project(name=name, image=image, port=80, **more)
        with self.store.database.change() as change:
            self.store.projects.add(change, made, "test")
        return made

    def stage(self, name: str = "dev", pattern: str = "dev-*", project: str = "shop", **more: Any) -> Stage:
        made = Stage(project=project, name=name, pattern=parse_pattern(pattern), **more)
        with self.store.database.change() as change:
            self.store.projects.add_stage(change, made, "test")
        return made

    def shop(self, pattern: str = "dev-*", **more: Any) -> Stage:
        """Project shop with stage dev."""
        self.project()
        return self.stage(pattern=pattern, **more)

    def noted(self, stage: Stage) -> Stage:
        """The first look was done: the repository was empty."""
        with self.store.database.change() as change:
            self.store.projects.note(change, stage.project, stage.name)
        return stage

    def prefer(self, **changes: Any) -> None:
        with self.store.database.change() as change:
            self.store.preferences.put(change, replace(self.store.preferences.get(), **changes), "test")

    def deploys(self, project: str = "shop", stage: str | None = None) -> list[Deploy]:
        """The oldest first."""
        return self.store.deploys.page(project=project, stage=stage, limit=5000)[::-1]

    def live(self, deploy: Deploy) -> None:
        """`deploy` went live and serves."""
        with self.store.database.change() as change:
            for old in self.store.instances.serving(deploy.project, deploy.stage):
                if old.slot == deploy.slot:
                    gone = replace(old, serving=False, status=InstanceStatus.REMOVED)
                    self.store.instances.put(change, gone)
            begun = self.store.deploys.begin(change, deploy)
            assert begun is not None
            self.store.deploys.save(change, begun.to(DeployStatus.SUCCEEDED, ended=change.now))
            self.store.instances.put(
                change,
                Instance(
                    id=f"i{deploy.id:05}", project=deploy.project, stage=deploy.stage, deploy=deploy.id,
                    tag=deploy.tag, digest=deploy.digest, engine="local", name=f"n{deploy.id}", slot=deploy.slot,
                    serving=True, status=InstanceStatus.RUNNING,
                ),
            )  # fmt: skip

    def fail(self, deploy: Deploy) -> None:
        """`deploy` was taken back, and its digest is quarantined."""
        with self.store.database.change() as change:
            begun = self.store.deploys.begin(change, deploy)
            assert begun is not None
            failed = begun.to(DeployStatus.REVERTING).to(DeployStatus.FAILED, ended=change.now)
            self.store.deploys.save(change, failed)
            self.store.deploys.quarantine(change, failed, "it never got healthy")


def _none(*_: object) -> Any:
    raise AssertionError("no engine or proxy is asked here")
