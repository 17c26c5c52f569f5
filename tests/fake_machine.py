"""What goes on inside the fake engine: containers that live and die by the clock, and what is heard of it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from forge.domain.errors import EngineError, EngineUnavailable
from forge.domain.project import VolumeKind
from forge.ports import EngineEvent, HealthCheck, InstanceSpec, InstanceState, LogLine

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What an image does once it runs. `healthy_after` seconds since its start and `probes_needed` probes it becomes
    healthy; None: never. With an `exit_code` it exits `exit_after` seconds after each start. `pull_error` is raised
    by pulls; `pull_waits` holds a pull up until it is cancelled. What runs once writes its words and exits with
    `once_exit`, None: never. `cpu` in processors, `memory` in bytes and `traffic` in bytes per second is what an
    instance uses.
    """

    healthy_after: float | None = 0
    probes_needed: int = 0
    health_check: HealthCheck | None = None
    exit_code: int | None = None
    exit_after: float = 0
    out_of_memory: bool = False
    log: tuple[str, ...] = ("starting", "listening on 8080")
    errors: tuple[str, ...] = ()
    layers: tuple[int, ...] = (1000, 200)
    ports: tuple[int, ...] = (8080,)
    labels: Mapping[str, str] = field(default_factory=dict)
    size: int = 1200
    created: float = 0
    cpu: float = 0.25
    memory: int = 64 << 20
    traffic: int = 1000
    pull_error: EngineError | None = None
    pull_waits: bool = False
    once_exit: int | None = 0


@dataclass(slots=True, kw_only=True)
class Container:
    spec: InstanceSpec
    state: InstanceState
    lines: list[LogLine] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)  # network → aliases
    probes: int = 0
    frozen: bool = False


class Machine:
    """Containers, volumes and events. Hold `changed` for every call."""

    def __init__(self, known: dict[str, Behaviour], clock: Callable[[], float]) -> None:
        self.known = known
        self.changed = threading.Condition(threading.RLock())
        self.containers: dict[str, Container] = {}
        self.volumes: dict[str, dict[str, str]] = {}
        self.events: list[EngineEvent] = []
        self.number = itertools.count(1)
        self.outages = 0
        self.closings = 0
        self._clock = clock

    def add(self, spec: InstanceSpec) -> str:
        made = f"{next(self.number):064x}"
        state = InstanceState(
            id=made,
            name=spec.name,
            labels=dict(spec.labels),
            image=spec.image,
            status="created",
            published=spec.publish or None,
            created=self._clock(),
        )
        container = Container(spec=spec, state=state)
        for number, volume in enumerate(spec.volumes):
            if volume.kind is VolumeKind.INSTANCE:
                name = f"{made}{number}"
                self.volumes[name] = dict(spec.labels)
                container.volumes.append(name)
        self.containers[made] = container
        self.tell(container, "create")
        return made

    def run(self, container: Container) -> None:
        behaviour = self.known[container.spec.image]
        now = self._clock()
        if container.spec.once:
            self._run_once(container, behaviour.once_exit)
            return
        container.probes = 0
        container.lines += [LogLine(at=now, stream="out", text=text) for text in behaviour.log]
        container.lines += [LogLine(at=now, stream="err", text=text) for text in behaviour.errors]
        health = "starting" if behaviour.health_check else None
        self.set(container, status="running", started=now, ended=None, exit_code=None, health=health)
        self.tell(container, "start")
        self.settle()

    def _run_once(self, container: Container, exit_code: int | None) -> None:
        now = self._clock()
        container.lines.append(LogLine(at=now, stream="out", text=" ".join(container.spec.command)))
        self.set(container, status="running", started=now)
        self.tell(container, "start")
        if exit_code is not None:
            self.set(container, status="exited", exit_code=exit_code, ended=now)
            self.tell(container, "die", exit_code=exit_code)

    def stop(self, container: Container | None) -> None:
        if container is None or container.state.status not in {"running", "restarting"}:
            return
        self.tell(container, "kill")
        self.set(container, status="exited", exit_code=0, ended=self._clock())
        self.tell(container, "die", exit_code=0)
        self.tell(container, "stop")

    def set(self, container: Container, **changes: Any) -> None:
        container.state = replace(container.state, **changes)

    def tell(self, container: Container, action: str, exit_code: int | None = None) -> None:
        state = container.state
        at = self._clock()
        self.events.append(EngineEvent(at=at, action=action, id=state.id, labels=state.labels, exit_code=exit_code))
        self.changed.notify_all()

    def healthy(self, container: Container) -> bool:
        behaviour = self.known[container.spec.image]
        if container.frozen or behaviour.healthy_after is None or container.probes < behaviour.probes_needed:
            return False
        return self._clock() - (container.state.started or 0) >= behaviour.healthy_after

    def settle(self) -> None:
        """Let happen what should have happened by now."""
        for container in list(self.containers.values()):
            if container.state.running and container.spec.image in self.known:
                self._settle_one(container, self.known[container.spec.image])

    def _settle_one(self, container: Container, behaviour: Behaviour) -> None:
        if behaviour.exit_code is not None and self._clock() - (container.state.started or 0) >= behaviour.exit_after:
            self.exit(container, behaviour.exit_code, out_of_memory=behaviour.out_of_memory)
        elif container.state.health == "starting" and self.healthy(container):
            self.set(container, health="healthy")
            self.tell(container, "health_status: healthy")

    def exit(self, container: Container, exit_code: int, *, out_of_memory: bool) -> None:
        if out_of_memory:
            self.tell(container, "oom")
        self.set(
            container,
            status="restarting",
            exit_code=exit_code,
            out_of_memory=out_of_memory,
            ended=self._clock(),
            restarts=container.state.restarts + 1,
        )
        self.tell(container, "die", exit_code=exit_code)


class Reader(Generic[T]):
    """Goes through a list that grows, from `at` on; ends when closed, breaks when the engine goes down."""

    def __init__(
        self, machine: Machine, items: list[T], at: int, *, wanted: Callable[[T], bool], ended: Callable[[], bool]
    ) -> None:
        self.closed = False
        self._machine = machine
        self._items = items
        self._at = at
        self._wanted = wanted
        self._ended = ended
        self._epoch = machine.outages, machine.closings

    def __iter__(self) -> Reader[T]:
        return self

    def __next__(self) -> T:
        machine = self._machine
        with machine.changed:
            while True:
                if self.closed or machine.closings != self._epoch[1]:
                    raise StopIteration
                if machine.outages != self._epoch[0]:
                    raise EngineUnavailable("The engine “fake” went away: start Docker.", retry_after=5)
                while self._at < len(self._items):
                    item = self._items[self._at]
                    self._at += 1
                    if self._wanted(item):
                        return item
                if self._ended():
                    raise StopIteration
                machine.changed.wait()
