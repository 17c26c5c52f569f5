"""A whole Forge on fakes: the product's own composition, with other adapters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from forge.compose import compose
from forge.deploy.adapters import Factories
from forge.domain.connection import ProxyConnection, RegistryConnection
from forge.domain.deploy import ENDED, Deploy
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.runtime import Runtime
from forge.settings import Settings
from tests.fake_engine import Behaviour, FakeEngine
from tests.fake_proxy import FakeProxy
from tests.fake_registry import FakeRegistry

HOST = "registry.example"
PATIENCE = 20.0  # seconds a test waits for what must happen


class World:
    """`engine`, `registry` and `proxy` are the fakes; `forge` is the runtime, not started until `start`.

    Stages are made without drain, so that a deploy takes milliseconds. `images_at` is the registry's host, `clock`
    gives unix seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        checkpoint: Callable[[str], None] = lambda _: None,
        images_at: str = HOST,
        clock: Callable[[], float] = time.time,
        **settings: object,
    ) -> None:
        self.folder, self.images_at, self.clock = folder, images_at, clock
        self.settings = Settings(data=folder, **{"port": 0, **settings})  # type: ignore[arg-type]
        self.engine, self.registry, self.proxy = FakeEngine(clock=clock), FakeRegistry(clock=clock), FakeProxy()
        self.forge = self.compose(checkpoint)
        with self.forge.store.database.change() as change:
            connections = self.forge.store.connections
            connections.put(change, ProxyConnection(name="caddy", kind="caddy", url="http://127.0.0.1:2019"), "test")
            registry = RegistryConnection(name="example", url=f"https://{images_at}", interval=0)
            connections.put(change, registry, "test")

    def compose(self, checkpoint: Callable[[str], None] = lambda _: None) -> Runtime:
        """Another Forge on the same folder and the same world; close the former first."""
        factories = Factories(
            engine=lambda *_: self.engine, registry=lambda *_: self.registry, proxy=lambda *_: self.proxy
        )
        forge = compose(self.settings, factories=factories, checkpoint=checkpoint)
        forge.store.database.clock = self.clock
        return forge

    def restart(self, checkpoint: Callable[[str], None] = lambda _: None) -> None:
        """Close Forge and start it again on the same folder."""
        self.forge.close()
        self.forge = self.compose(checkpoint)
        self.forge.start()

    def project(self, name: str = "shop", *stages: Stage, **more: object) -> Project:
        """Make a project of `registry.example/NAME` behind the proxy, with a stage `dev` if none is given."""
        given: dict[str, object] = {"image": f"{self.images_at}/{name}", "port": 8080, "proxy": "caddy", **more}
        project = Project(name=name, **given)  # type: ignore[arg-type]
        made = stages or (stage(name, "dev"),)
        self.forge.projects.create(project, {}, [(one, {}) for one in made], actor="test")
        return project

    def push(self, tag: str, repository: str = "shop", behaviour: Behaviour | None = None) -> str:
        """Push a tag; its digest. `behaviour`: how the image's instances behave, well if not said."""
        digest = self.registry.push(repository, tag)
        self.engine.known[f"{self.images_at}/{repository}@{digest}"] = behaviour or Behaviour()
        return digest

    def deploy(self, tag: str, stage_name: str = "dev", project: str = "shop") -> Deploy:
        """Ask for a deploy and wait for its end."""
        return self.wait(self.forge.requests.deploy(project, stage_name, tag=tag, actor="test"))

    def wait(self, deploy: Deploy) -> Deploy:
        """The deploy when it has ended, its pruning included."""
        until(lambda: self.forge.store.deploys.get(deploy.id).status in ENDED, f"deploy #{deploy.id} has ended")
        until(lambda: not self.forge.deployer.busy(), "the deployer is idle")
        return self.forge.store.deploys.get(deploy.id)

    def serving(self, stage_name: str = "dev", project: str = "shop") -> list[str]:
        """The tags that serve a stage, by the store."""
        return [instance.tag for instance in self.forge.store.instances.serving(project, stage_name)]

    def routes(self) -> Mapping[str, str]:
        """domain → the tag of the instance that its target belongs to, by the proxy and the engine."""
        tags = {i.target: i.tag for i in self.forge.store.instances.present()}
        return {route.domain: tags.get(route.target, "nobody") for route in self.proxy.routes()}


def stage(project: str, name: str, **more: object) -> Stage:
    """A stage without drain."""
    return Stage(project=project, name=name, **{"drain": 0, "bake": 0, **more})  # type: ignore[arg-type]


def until(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until `holds()`; fail with `what` if it does not come."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"It did not come about that {what}")
        time.sleep(0.005)
