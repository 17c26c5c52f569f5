"""A Forge on fakes with the real board, in a process of its own: `python -m tests.browser.town FOLDER KIND`.

`acme` is a company with a past, for pictures and for looking at every screen; `crowd` is 200 projects of three stages.
It says on standard output where it is, and obeys lines on standard input: `events RATE SECONDS`, `lines RATE SECONDS`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from forge.domain.deploy import Deploy, DeployStatus, StepRecord, StepStatus
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.route import Target
from forge.server import Server
from forge.store.secrets import CHECK
from tests.browser.acme import Acme
from tests.canaries.kinds import parts_of
from tests.canaries.watch import SHORTEST
from tests.world import World, stage

CROWD = 200  # projects
STAGES = ("dev", "rel", "prod")
STEPS = ("resolve digest", "pull", "create", "start", "wait until healthy", "switch route", "bake", "go live")
OTHER = {
    InstanceStatus.RUNNING: InstanceStatus.UNHEALTHY,
    InstanceStatus.UNHEALTHY: InstanceStatus.RUNNING,
}
BATCHES = 50  # a second: what is made at a rate comes in so many


def crowd(folder: Path) -> tuple[World, dict[str, Any]]:
    """200 projects with an instance that serves in each of three stages; nothing runs, all of it is only told."""
    world = World(folder, images_at="ghcr.io")
    for number in range(CROWD):
        name = f"service-{number:03}"
        world.project(name, *(stage(name, one) for one in STAGES))
        world.push("1.0.0", name)
        for one in STAGES:
            went_live(world, world.forge.requests.deploy(name, one, tag="1.0.0", actor="ann"))
    return world, {"instance": world.forge.store.instances.present()[0].id}


def went_live(world: World, deploy: Deploy) -> None:
    """Write down that it did."""
    store = world.forge.store
    with store.database.change() as change:
        begun = store.deploys.begin(change, deploy)
        assert begun is not None
        store.deploys.save(change, begun.to(DeployStatus.SUCCEEDED, ended=change.now))
        name = f"forge-{deploy.project}-{deploy.stage}"
        instance = Instance(
            id=f"i{deploy.id:05}", project=deploy.project, stage=deploy.stage, deploy=deploy.id, tag=deploy.tag,
            digest=deploy.digest, engine="local", name=name, container=world.engine.stranger(name), serving=True,
            status=InstanceStatus.RUNNING, target=Target("127.0.0.1", 20000 + deploy.id),
            domain=f"{deploy.stage}-{deploy.project}.localhost",
        )  # fmt: skip
        store.instances.put(change, instance)


def acme(folder: Path) -> tuple[World, dict[str, Any]]:
    """A company with six projects."""
    story = Acme(folder)
    return story.world, story.play()


def steps_of(deploy: Deploy) -> Iterator[StepRecord]:
    """Each step, begun and done."""
    for position, name in enumerate(STEPS):
        begun = StepRecord(
            deploy=deploy.id, position=position, name=name, status=StepStatus.RUNNING, started=deploy.created
        )
        yield begun
        yield replace(begun, status=StepStatus.DONE, ended=deploy.created)


KINDS: dict[str, Callable[[Path], tuple[World, dict[str, Any]]]] = {"crowd": crowd, "acme": acme}


class Noise:
    """Makes things happen at a rate: deploys of 20 projects at once that go from step to step, with an instance in ten
    events that gets unhealthy or well again; or lines that one instance writes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._instances = list(world.forge.store.instances.present())
        self._made = self._written = 0
        self._deploys = [self._deploying(f"service-{number:03}") for number in range(0, CROWD, CROWD // 20)]

    def events(self, count: int) -> None:
        for _ in range(count):
            self._made += 1
            if self._made % 10:
                next(self._deploys[self._made % len(self._deploys)])
            else:
                self._flip(self._made % len(self._instances))

    def _flip(self, place: int) -> None:
        store, now = self._world.forge.store, self._instances[place]
        with store.database.change() as change:
            fresh = replace(now, status=OTHER[now.status], since=change.now)
            self._instances[place] = store.instances.put(change, fresh)

    def _deploying(self, project: str) -> Iterator[None]:
        """One event of a deploy after the other, without end."""
        store = self._world.forge.store
        while True:
            queued = self._world.forge.requests.deploy(project, "dev", tag="1.0.0", actor="webhook")
            yield
            with store.database.change() as change:
                deploy = store.deploys.begin(change, queued)
            assert deploy is not None
            yield
            for step in steps_of(deploy):
                with store.database.change() as change:
                    store.deploys.put_step(change, deploy, step)
                yield
            with store.database.change() as change:
                store.deploys.save(change, deploy.to(DeployStatus.SUCCEEDED, ended=change.now))
            yield

    def lines(self, count: int) -> None:
        container = self._instances[0].container
        for _ in range(count):
            self._written += 1
            self._world.engine.write(container, f"\x1b[32mINFO\x1b[0m GET /orders/{self._written} 200 in 3 ms")

    def go_on(self, make: Callable[[int], None], rate: int, seconds: float) -> int:
        """Call `make` so that `rate` come each second; how many were made."""
        began, made = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            due = int(passed * rate)
            if due > made:
                make(due - made)
                made = due
            time.sleep(1 / BATCHES)
        return made


def main(folder: str, kind: str) -> None:
    world, places = KINDS[kind](Path(folder))
    server = Server(world.forge)
    with ExitStack() as undo:
        undo.callback(world.forge.close)
        server.start()
        undo.callback(server.close)
        noise = Noise(world)
        _say(url=server.url, token=world.forge.token.reveal(), places=places, secrets=secrets_of(world))
        for line in sys.stdin:
            word, rate, seconds = line.split()
            _say(made=noise.go_on(getattr(noise, word), int(rate), float(seconds)))


def secrets_of(world: World) -> dict[str, str]:
    """What it keeps sealed: secret → its place."""
    kept, database = world.forge.store.secrets, world.forge.store.database
    places = [row["place"] for row in database.rows("SELECT place FROM secret WHERE place != ?", (CHECK,))]
    found = {place: secret.reveal() for place in places if (secret := kept.get(place)) is not None}
    bundles = {place: json.loads(found.pop(place)).values() for place in places if place.endswith("/environment")}
    sealed = [(place, text) for place, texts in bundles.items() for text in texts] + [*found.items()]
    return {part: place for place, text in sealed for part in parts_of(text) if len(part) >= SHORTEST}


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    threading.current_thread().name = "main"
    main(*sys.argv[1:3])
