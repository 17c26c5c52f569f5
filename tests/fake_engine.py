"""An engine in memory, behind the same port and held to the same contract tests as the real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from forge.domain.errors import EngineError, EngineUnavailable, ForgeError
from forge.domain.metrics import Usage
from forge.domain.project import HealthKind, VolumeKind
from forge.domain.route import Reach
from forge.domain.stranger import Stranger, StrangerFacts
from forge.ports import (
    HOME_LABEL,
    PROJECT_LABEL,
    STAGE_LABEL,
    EngineEvent,
    EngineVersion,
    ImageFacts,
    InstanceSpec,
    InstanceState,
    LayerProgress,
    Login,
    LogLine,
    Probe,
    ProbeResult,
)
from tests.fake_machine import Behaviour, Container, Machine, Reader
from tests.fake_networks import NetworksAndVolumes

__all__ = ["Behaviour", "FakeEngine"]


class FakeEngine(NetworksAndVolumes):
    """forge.ports.Engine in memory; any thread may call.

    `known`: name@digest → Behaviour, what the registry has. `tags`: name:tag → name@digest. `present`: what is
    pulled. `down`: every call raises EngineUnavailable and open streams break. `calls`: names of the calls, in
    order. `reached`: what reach says. `raises_before`, `raises_after`: name of a call → its error, once, before
    or after. `ports_taken`: what something else listens on. `disk`: bytes, what free_disk says. `left_out`: what it
    cannot do, and does not say. `facts`: a stranger's id → what describe says. `joined`: a name → strangers' networks.
    """

    def __init__(self, known: Mapping[str, Behaviour] | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.known: dict[str, Behaviour] = dict(known or {})
        self.tags: dict[str, str] = {}
        self.present: set[str] = set()
        self.calls: list[str] = []
        self.raises_before: dict[str, ForgeError] = {}
        self.raises_after: dict[str, ForgeError] = {}
        self.ports_taken: set[int] = set()
        self.disk: int | None = 10 << 30
        self.reached = Reach()
        self.left_out: tuple[str, ...] = ()
        self.facts: dict[str, StrangerFacts] = {}
        self.joined: dict[str, tuple[str, ...]] = {}
        self.open_streams = 0
        self._clock = clock
        self._machine = Machine(self.known, clock)
        self._networks: dict[str, dict[str, str]] = {}
        self._down = False

    # ---- knobs

    @property
    def down(self) -> bool:
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        with self._machine.changed:
            self._machine.outages += down and not self._down
            self._down = down
            self._machine.changed.notify_all()

    def write(self, id: str, text: str, stream: str = "out") -> None:
        """Let an instance write a line."""
        with self._machine.changed:
            self._machine.containers[id].lines.append(LogLine(at=self._clock(), stream=stream, text=text))
            self._machine.changed.notify_all()

    def die(self, id: str, exit_code: int = 1, *, out_of_memory: bool = False) -> None:
        """Let an instance end by itself; the engine restarts it, as `unless-stopped` says, and it waits for that."""
        with self._machine.changed:
            self._machine.exit(self._machine.containers[id], exit_code, out_of_memory=out_of_memory)

    def freeze(self, id: str, *, frozen: bool = True) -> None:
        """Let an instance run on without answering any more; its HEALTHCHECK, if it has one, says so."""
        with self._machine.changed:
            container = self._machine.containers[id]
            container.frozen = frozen
            if frozen and container.state.health is not None:
                self._machine.set(container, health="unhealthy")

    def stranger(
        self, name: str, labels: Mapping[str, str] | None = None, *, image: str = "stranger@sha256:0", publish: int = 0
    ) -> str:
        """A container that somebody else made and runs."""
        with self._machine.changed:
            spec = InstanceSpec(name=name, image=image, port=80, publish=publish, labels=labels or {})
            made = self._machine.add(spec)
            self._machine.set(self._machine.containers[made], status="running", started=self._clock())
            return made

    def strange_network(self, name: str) -> None:
        """A network that somebody else made."""
        self._networks[name] = {}

    def strange_volume(self, name: str) -> None:
        """A volume that somebody else made."""
        self._machine.volumes[name] = {}

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        with self._machine.changed:
            self.calls.append(name)
            self._check_up()
            self._machine.settle()
            if name in self.raises_before:
                raise self.raises_before.pop(name)
            yield
            if name in self.raises_after:
                raise self.raises_after.pop(name)

    def _check_up(self) -> None:
        if self._down:
            raise EngineUnavailable("The engine “fake” does not answer: start Docker.", retry_after=5)

    # ---- the engine itself

    def version(self) -> EngineVersion:
        with self._call("version"):
            return EngineVersion(version="0-fake", api="1.41", api_min="1.24", api_max="1.41", system="linux/amd64")

    def ping(self) -> None:
        with self._call("ping"):
            pass

    def free_disk(self) -> int | None:
        with self._call("free_disk"):
            return self.disk

    def free_port(self, taken: frozenset[int]) -> int:
        with self._call("free_port"):
            published = {c.spec.publish for c in self._machine.containers.values()}
            used = taken | self.ports_taken | published
            free = next((port for port in range(20000, 30000) if port not in used), None)
            if free is None:
                raise EngineError("No port between 20000 and 29999 is free on this machine")
            return free

    def close(self) -> None:
        with self._machine.changed:
            self._machine.closings += 1
            self._machine.changed.notify_all()

    # ---- images

    def pull(
        self, image: str, login: Login | None, progress: Callable[[LayerProgress], None], cancelled: Callable[[], bool]
    ) -> None:
        with self._call("pull"):
            if image in self.present:
                return
            behaviour = self.known.get(image)
        if behaviour is None:
            raise EngineError(f"The engine could not pull {image}: manifest unknown", code="no_image")
        for number, size in enumerate(behaviour.layers):
            _check_wanted(cancelled)
            progress(LayerProgress(id=f"layer{number}", status="pulling", current=size // 2, total=size))
            progress(LayerProgress(id=f"layer{number}", status="done", current=size, total=size))
        while behaviour.pull_waits:
            _check_wanted(cancelled)
            time.sleep(0.01)
        if behaviour.pull_error:
            raise behaviour.pull_error
        with self._machine.changed:
            self.present.add(image)

    def image(self, image: str) -> ImageFacts | None:
        with self._call("image"):
            by_id = {self._facts(one).id: one for one in self.present}
            reference = self.tags.get(image, by_id.get(image, image))
            return self._facts(reference) if reference in self.present else None

    def _facts(self, reference: str) -> ImageFacts:
        behaviour = self.known[reference]
        return ImageFacts(
            id=f"sha256:{abs(hash(reference)):064x}",
            digests=(reference,),
            ports=behaviour.ports,
            health_check=behaviour.health_check,
            labels=behaviour.labels,
            size=behaviour.size,
            created=behaviour.created,
        )

    def images(self, name: str) -> tuple[ImageFacts, ...]:
        with self._call("images"):
            return tuple(self._facts(image) for image in sorted(self.present) if image.startswith(f"{name}@"))

    def remove_image(self, image: str) -> None:
        with self._call("remove_image"):
            if all(c.spec.image != image for c in self._machine.containers.values()):
                self.present.discard(image)

    # ---- instances

    def create(self, spec: InstanceSpec) -> str:
        with self._call("create"):
            there = next((c for c in self._machine.containers.values() if c.spec.name == spec.name), None)
            if there:
                if spec.labels.items() <= there.spec.labels.items():
                    return there.state.id
                raise EngineError(f"A container named {spec.name} is there already", code="name_taken")
            self._check_volumes(spec)
            if spec.image not in self.present:
                raise EngineError(f"The engine could not create {spec.name}: no such image", code="no_image")
            return self._machine.add(spec)

    def _check_volumes(self, spec: InstanceSpec) -> None:
        if spec.network:
            self._networks.setdefault(spec.network, {HOME_LABEL: spec.labels.get(HOME_LABEL, "")})
        for name in spec.networks:
            if name not in self._networks:
                raise EngineError(f"The network {name} is gone: take it out of the project", code="no_network")
        self.joined[spec.name] = spec.networks
        for volume in spec.volumes:
            if volume.kind is VolumeKind.EXTERNAL:
                self._check_external(volume.source or "")
            if volume.kind is VolumeKind.NAMED:
                kept = {n: v for n, v in spec.labels.items() if n in {HOME_LABEL, PROJECT_LABEL, STAGE_LABEL}}
                labels = self._machine.volumes.setdefault(volume.source or "", kept)
                if labels != kept:
                    raise EngineError(f"The volume {volume.source} is not this stage's", code="name_taken")

    def _check_external(self, name: str) -> None:
        if name not in self._machine.volumes:
            raise EngineError(f"The volume {name} is gone", code="no_volume")
        if HOME_LABEL in self._machine.volumes[name]:
            raise EngineError(f"The volume {name} belongs to a stage of Forge", code="name_taken")

    def start(self, id: str) -> None:
        with self._call("start"):
            container = self._there(id)
            if container.state.running:
                return
            published = {
                c.spec.publish for c in self._machine.containers.values() if c.state.running
            } | self.ports_taken
            if container.spec.publish in published:
                raise EngineError("Its port is in use by something else", code="port_taken")
            self._machine.run(container)

    def stop(self, id: str, timeout: float) -> None:
        with self._call("stop"):
            self._machine.stop(self._machine.containers.get(id))

    def restart(self, id: str, timeout: float) -> None:
        with self._call("restart"):
            container = self._there(id)
            self._machine.stop(container)
            self._machine.run(container)

    def remove(self, id: str) -> None:
        with self._call("remove"):
            container = self._machine.containers.get(id)
            if container is None:
                return
            self._machine.stop(container)
            del self._machine.containers[id]
            for name in container.volumes:
                self._machine.volumes.pop(name, None)
            self._machine.tell(container, "destroy")

    def inspect(self, id: str) -> InstanceState | None:
        with self._call("inspect"):
            container = self._machine.containers.get(id)
            return container.state if container else None

    def find(self, labels: Mapping[str, str]) -> tuple[InstanceState, ...]:
        with self._call("find"):
            found = [c.state for c in self._machine.containers.values() if labels.items() <= c.state.labels.items()]
            return tuple(sorted(found, key=lambda state: (state.created, state.id), reverse=True))

    def strangers(self) -> tuple[Stranger, ...]:
        with self._call("strangers"):
            found = [self._described(c).stranger for c in self._machine.containers.values() if _is_strange(c)]
            return tuple(sorted(found, key=lambda stranger: stranger.name))

    def describe(self, id: str) -> StrangerFacts | None:
        with self._call("describe"):
            container = self._machine.containers.get(id)
            return self._described(container) if container and _is_strange(container) else None

    def _described(self, container: Container) -> StrangerFacts:
        state = container.state
        now = Stranger(id=state.id, name=state.name, image=state.image, status=state.status, created=state.created)
        image_id = self._facts(state.image).id if state.image in self.known else ""
        given = self.facts.get(state.id, StrangerFacts(stranger=now, image_id=image_id))
        return replace(given, stranger=replace(given.stranger, status=state.status), image_id=image_id)

    def probe(self, id: str, port: int, probe: Probe) -> ProbeResult:
        with self._call("probe"):
            container = self._machine.containers.get(id)
            if probe.kind is HealthKind.AUTO:
                raise EngineError("How to probe has to be decided before")
            healthy, text = (False, "the container is gone") if container is None else self._ask(container, probe)
            return ProbeResult(healthy=healthy, text=text, milliseconds=1)

    def _ask(self, container: Container, probe: Probe) -> tuple[bool | None, str]:
        state = container.state
        if not state.running:
            return False, "not started" if state.status == "created" else f"{state.status} with code {state.exit_code}"
        container.probes += 1
        self._machine.settle()
        if probe.kind is HealthKind.RUNNING:
            return state.restarts == 0, "running" if state.restarts == 0 else f"restarted {state.restarts} times"
        if probe.kind is HealthKind.IMAGE:
            health = container.state.health or "the image has no HEALTHCHECK"
            return {"healthy": True, "starting": None}.get(health, False), health
        if self._machine.healthy(container):
            return True, "200 in 1 ms" if probe.kind is HealthKind.HTTP else "the port accepts connections"
        return None, "connection refused"

    # ---- what goes on

    def stats(self, id: str) -> Usage | None:
        with self._call("stats"):
            container = self._machine.containers.get(id)
            if container is None or not container.state.running:
                return None
            behaviour = self.known.get(container.spec.image, Behaviour())
            ran = self._clock() - (container.state.started or 0)
            sent = int(behaviour.traffic * ran)
            return Usage(
                at=self._clock(), cpu=behaviour.cpu * ran, memory=behaviour.memory, received=2 * sent, sent=sent
            )

    @contextmanager
    def logs(
        self, id: str, *, tail: int | None = None, since: float | None = None, follow: bool = False
    ) -> Iterator[Iterator[LogLine]]:
        with self._call("logs"):
            container = self._there(id)
            begin = 0 if tail is None else max(0, len(container.lines) - tail)
        lines = Reader(
            self._machine,
            container.lines,
            begin,
            wanted=lambda line: since is None or line.at >= since,
            ended=lambda: not follow or not container.state.running,
        )
        with self._open(lines):
            yield lines

    @contextmanager
    def events(self, since: float | None = None) -> Iterator[Iterator[EngineEvent]]:
        with self._call("events"):
            begin = len(self._machine.events) if since is None else 0
        events = Reader(
            self._machine,
            self._machine.events,
            begin,
            wanted=lambda event: HOME_LABEL in event.labels and (since is None or event.at >= since),
            ended=lambda: False,
        )
        with self._open(events):
            yield events

    @contextmanager
    def _open(self, reader: Reader[Any]) -> Iterator[None]:
        with self._machine.changed:
            self.open_streams += 1
        try:
            yield
        finally:
            with self._machine.changed:
                self.open_streams -= 1
                reader.closed = True
                self._machine.changed.notify_all()

    def differences(self, id: str, spec: InstanceSpec) -> tuple[str, ...]:
        with self._call("differences"):
            has = self._there(id).spec
            held = ("image", "environment", "labels", "limits", "volumes", "network", "publish")
            unlike = [name for name in held if getattr(has, name) != getattr(spec, name)]
            return tuple(f"{name} is not as asked" for name in unlike) + self.left_out


def _is_strange(container: Container) -> bool:
    return HOME_LABEL not in container.state.labels


def _check_wanted(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise EngineError("Stopped on request: pull", code="cancelled")
