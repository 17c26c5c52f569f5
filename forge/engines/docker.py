"""The Docker engine behind the Engine port."""

from __future__ import annotations

import contextlib
import json
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from forge.domain.errors import EngineError
from forge.domain.metrics import Usage
from forge.domain.route import Reach
from forge.domain.stranger import Stranger, StrangerFacts
from forge.engines import logs, machine, reach, reading, recipe, strangers, wire
from forge.engines import probe as probes
from forge.engines.access import Access, from_environment
from forge.engines.link import Link
from forge.engines.pull import pull
from forge.ports import (
    HOME_LABEL,
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

Json = dict[str, Any]

# What says something about an instance's state; leaves out exec_*, which every HEALTHCHECK causes three of.
_ACTIONS = ["create", "start", "restart", "die", "oom", "stop", "kill", "destroy", "health_status"]
_ACTIONS += ["pause", "unpause", "rename", "update"]
_OURS = {HOME_LABEL: ""}  # whatever its value
GONE = frozenset({404})
CONFLICT = frozenset({409})
_ONE_SHOT = (1, 41)
_REMOVAL = 30  # seconds to wait for somebody else's removal
_RECENT = 200  # ports handed out lately are not handed out again before their container listens


class DockerEngine:
    """forge.ports.Engine for Docker API 1.24 and later, version negotiated.

    `name` is the connection's, for sentences; `access` is asked whenever it is connected to, None: as the
    environment says. Any thread may call; making one touches nothing. Raises EngineUnavailable when Docker does not
    answer and EngineError when it refuses, with codes: gone, name_taken, port_taken, in_use, stranger, and those of
    forge.engines.pull.
    """

    def __init__(
        self, name: str, access: Callable[[], Access] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._link = Link(name, access or (lambda: from_environment(os.environ)))
        self._clock = clock
        self._making = threading.Lock()
        self._handed: deque[int] = deque(maxlen=_RECENT)
        self._own: Json | None = None
        self._folder: tuple[object, str] | None = None

    # ---- the engine itself

    def version(self) -> EngineVersion:
        with self._link.ask("tell its version") as api:
            said = api.version()
            return EngineVersion(
                version=said["Version"],
                api=api.api_version,
                api_min=said.get("MinAPIVersion", ""),
                api_max=said["ApiVersion"],
                system=f"{said['Os']}/{said['Arch']}",
            )

    def ping(self) -> None:
        with self._link.ask("answer") as api:
            api.ping()

    def reach(self) -> Reach:
        return reach.reach_of(self._link.access)

    def free_disk(self) -> int | None:
        if not self._link.local:
            return None
        with self._link.ask("tell about itself") as api:
            if self._folder is None or self._folder[0] is not api:  # /info is slow; a new client may be a new Docker
                self._folder = (api, api.info()["DockerRootDir"])
        return machine.free_disk(self._folder[1]) if self._folder else None

    def free_port(self, taken: frozenset[int]) -> int:
        with self._link.ask("list containers") as api:
            listed = api.containers(all=True)
        published = {port["PublicPort"] for c in listed for port in c.get("Ports") or () if port.get("PublicPort")}
        bindable = machine.can_bind if self._link.local else lambda _port: True
        with self._making:
            port = machine.free_port(taken | published | set(self._handed), bindable=bindable)
            self._handed.append(port)
        return port

    def close(self) -> None:
        self._link.close()

    # ---- images

    def pull(
        self, image: str, login: Login | None, progress: Callable[[LayerProgress], None], cancelled: Callable[[], bool]
    ) -> None:
        if self._has(image):
            return
        pull(self._link, image, login, progress, cancelled)
        if not self._has(image):
            raise EngineError(
                f"The engine said that it pulled {image}, but it does not have it: try again", code="not_pulled"
            )

    def _has(self, image: str) -> bool:
        facts = self.image(image)
        return facts is not None and reading.full_name(image) in facts.digests

    def image(self, image: str) -> ImageFacts | None:
        with self._link.ask(f"look at the image {image}", fine=GONE) as api:
            return reading.image(api.inspect_image(image))  # type: ignore[no-untyped-call]
        return None

    def images(self, name: str) -> tuple[ImageFacts, ...]:
        with self._link.ask("list images") as api:
            listed = api.images()
        name = reading.full_name(name)
        return tuple(reading.listed_image(body) for body in listed if _is_of(body, name))

    def remove_image(self, image: str) -> None:
        with self._link.ask(f"remove the image {image}", fine=GONE | CONFLICT) as api:
            api.remove_image(image)

    # ---- instances

    def create(self, spec: InstanceSpec) -> str:
        secrets = recipe.secrets(spec)
        with self._making:
            if spec.network is not None:
                self._ensure_network(recipe.network(spec.network, spec.labels))
            self._ensure_volumes(spec)
        try:
            with self._link.ask(f"create {spec.name}", secrets=secrets) as api:
                body = recipe.container(spec)
                made: str = api.create_container_from_config(body, spec.name)["Id"]  # type: ignore[no-untyped-call]
        except EngineError as error:
            if error.code != "conflict":
                raise
            made = self._the_same(spec)
        self._join(made, spec.networks)
        return made

    def _join(self, id: str, networks: tuple[str, ...]) -> None:
        """Afterwards, because Docker takes one network at creation before API 1.44."""
        for name in networks:
            self._check_network(name)
            # 403 is Docker's answer for "is on it already"
            with self._link.ask(f"join the network {name}", fine=frozenset({403})) as api:
                api.connect_container_to_network(id, name)

    def _check_network(self, name: str) -> None:
        with self._link.ask(f"look for the network {name}", fine=GONE) as api:
            api.inspect_network(name)
            return
        raise EngineError(f"The network {name} is gone: take it out of the project", code="no_network")

    def _the_same(self, spec: InstanceSpec) -> str:
        there = self.inspect(spec.name)
        if there is None:
            raise EngineError(f"The name {spec.name} was taken and is free again: try again", code="name_taken")
        if not spec.labels.items() <= there.labels.items():
            raise EngineError(
                f"A container named {spec.name} is there already and is not this instance: rename or remove it",
                code="name_taken",
            )
        return there.id

    def _ensure_network(self, wanted: Json) -> None:
        name = wanted["name"]
        with self._link.ask(f"look for the network {name}") as api:
            found = any(body["Name"] == name for body in api.networks(names=[name]))
        if not found:
            with self._link.ask(f"make the network {name}", fine=CONFLICT) as api:
                api.create_network(**wanted)

    def _ensure_volumes(self, spec: InstanceSpec) -> None:
        for wanted in recipe.named_volumes(spec):
            with self._link.ask(f"make the volume {wanted['name']}") as api:
                labels = api.create_volume(**wanted).get("Labels") or {}
            if not wanted["labels"].items() <= labels.items():
                raise EngineError(
                    f"The volume {wanted['name']} is there already and is not this stage's: give the project's volume "
                    "another name",
                    code="name_taken",
                )
        for name in recipe.external_volumes(spec):
            self._check_external(name)

    def _check_external(self, name: str) -> None:
        if name in {mount.get("Name") for mount in self._itself().get("Mounts") or ()}:
            raise EngineError(
                f"The volume {name} is Forge's own: whoever has that has Forge, so no instance gets it",
                code="own_volume",
            )
        with self._link.ask(f"look for the volume {name}", fine=GONE) as api:
            body = api.inspect_volume(name)
            if socket := recipe.socket_in(body, self._link.access.url):
                raise EngineError(
                    f"The volume {name} leads to the engine's own socket {socket}: whoever has that has the machine, "
                    "so no instance gets it",
                    code="socket",
                )
            if HOME_LABEL in (body.get("Labels") or {}):
                raise EngineError(f"The volume {name} belongs to a stage of Forge: use it there", code="name_taken")
            return
        raise EngineError(f"The volume {name} is gone: take it out of the project", code="no_volume")

    def start(self, id: str) -> None:
        with self._link.ask(f"start the container {id[:12]}") as api:
            api.start(id)

    def stop(self, id: str, timeout: float) -> None:
        with self._link.ask(f"stop the container {id[:12]}", fine=GONE) as api:
            api.stop(id, timeout=math.ceil(timeout))

    def restart(self, id: str, timeout: float) -> None:
        with self._link.ask(f"restart the container {id[:12]}") as api:
            api.restart(id, timeout=math.ceil(timeout))

    def remove(self, id: str) -> None:
        doing = f"remove the container {id[:12]}"
        with self._link.ask(doing, fine=GONE | CONFLICT) as api:
            api.remove_container(id, v=True, force=True)
            return
        # Somebody else is removing it: what it used is only free once it is gone.
        with self._link.ask(doing, fine=GONE) as api:
            api.wait(id, timeout=_REMOVAL, condition="removed")

    def differences(self, id: str, spec: InstanceSpec) -> tuple[str, ...]:
        with self._link.ask(f"look at the container {id[:12]}") as api:
            return recipe.differences(spec, api.inspect_container(id))

    def join(self, id: str, network: str, aliases: tuple[str, ...], labels: Mapping[str, str]) -> None:
        with self._making:
            self._ensure_network(recipe.network(network, labels, internal=True))
        if not self._is_on(id, network):
            with self._link.ask(f"let the container {id[:12]} join {network}") as api:
                api.connect_container_to_network(id, network, aliases=list(aliases))

    def leave(self, id: str, network: str) -> None:
        if self._is_on(id, network):
            with self._link.ask(f"let the container {id[:12]} leave {network}", fine=GONE) as api:
                api.disconnect_container_from_network(id, network, force=True)

    def _is_on(self, id: str, network: str) -> bool:
        body = self._body(id)
        return body is not None and network in (body["NetworkSettings"]["Networks"] or ())

    def inspect(self, id: str) -> InstanceState | None:
        body = self._body(id)
        return reading.instance(body) if body else None

    def _body(self, id: str) -> Json | None:
        with self._link.ask(f"look at the container {id[:12]}", fine=GONE) as api:
            body: Json = api.inspect_container(id)
            return body
        return None

    def find(self, labels: Mapping[str, str]) -> tuple[InstanceState, ...]:
        with self._link.ask("list containers") as api:
            listed = api.containers(all=True, filters={"label": _label_filter(labels)})
        found = [state for body in listed if (state := self.inspect(body["Id"]))]
        return tuple(sorted(found, key=lambda state: state.created, reverse=True))

    def strangers(self) -> tuple[Stranger, ...]:
        with self._link.ask("list containers") as api:
            listed = api.containers(all=True)
        own = machine.own_container()
        theirs = [body for body in listed if HOME_LABEL not in (body.get("Labels") or {})]
        others = [body for body in theirs if own is None or not body["Id"].startswith(own)]
        return tuple(sorted(map(strangers.listed, others), key=lambda one: one.name))

    def describe(self, id: str) -> StrangerFacts | None:
        body = self._body(id)
        if body is None or HOME_LABEL in (body["Config"].get("Labels") or {}):
            return None
        image: Json = {}
        with self._link.ask(f"look at the image of {id[:12]}", fine=GONE) as api:
            image = api.inspect_image(body["Image"])  # type: ignore[no-untyped-call]
        return strangers.facts(body, image)

    def probe(self, id: str, port: int, probe: Probe) -> ProbeResult:
        body = self._body(id)
        if body is None:
            return probes.gone()
        shared = frozenset((self._itself().get("NetworkSettings") or {}).get("Networks") or ())
        address = probes.address_of(body, port, self.reach(), shared)
        return probes.ask(body, address, probe)

    def _itself(self) -> Json:
        """What the engine says of Forge's own container, empty if it has none; asked once."""
        if self._own is None:
            own = machine.own_container()
            self._own = (self._body(own) if own else None) or {}
        return self._own

    # ---- what goes on

    def stats(self, id: str) -> Usage | None:
        with self._link.ask(f"measure the container {id[:12]}", fine=GONE) as api:
            # without one-shot it measures twice; 20.10 was seen to answer at its next full second even so
            once = True if _version(api.api_version) >= _ONE_SHOT else None
            return reading.usage(api.stats(id, stream=False, one_shot=once))
        return None

    @contextlib.contextmanager
    def logs(
        self, id: str, *, tail: int | None = None, since: float | None = None, follow: bool = False
    ) -> Iterator[Iterator[LogLine]]:
        doing = f"read the log of {id[:12]}"
        with self._link.ask(doing) as api:
            terminal = api.inspect_container(id)["Config"]["Tty"]
        query = logs.params(tail=tail, since=since, follow=follow)
        with self._link.stream(doing, "GET", f"/containers/{id}/logs", query, endless=follow) as stream:
            chunks = stream.chunks(self._link.broken)
            yield logs.from_terminal(chunks) if terminal else logs.from_frames(wire.frames(chunks))

    @contextlib.contextmanager
    def events(self, since: float | None = None) -> Iterator[Iterator[EngineEvent]]:
        filters = {"type": ["container"], "label": [HOME_LABEL], "event": _ACTIONS}
        # A time even if none was asked for: Docker answers before it begins to listen.
        begin = self._clock() if since is None else since
        query = {"filters": json.dumps(filters), "since": f"{begin:.9f}"}
        with self._link.stream("tell what happens", "GET", "/events", query) as stream:
            yield self._events(stream)

    def _events(self, stream: wire.Stream) -> Iterator[EngineEvent]:
        for line in self._link.lines(stream):
            yield reading.event(line)
        if not stream.closed:
            raise self._link.broken()

    # ---- networks and volumes

    def remove_network(self, name: str) -> None:
        if name not in self.networks(_OURS):
            return
        # 403 is Docker's answer for "has active endpoints"
        with self._link.ask(f"remove the network {name}", fine=GONE | CONFLICT | {403}) as api:
            api.remove_network(name)

    def remove_volume(self, name: str) -> None:
        if name not in self.volumes(_OURS):
            return
        with self._link.ask(f"remove the volume {name}", fine=GONE) as api:
            api.remove_volume(name)

    def volumes(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        with self._link.ask("list volumes") as api:
            listed = api.volumes(filters={"label": _label_filter(labels)})["Volumes"] or ()
        return tuple(sorted(body["Name"] for body in listed))

    def networks(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        with self._link.ask("list networks") as api:
            listed = api.networks(filters={"label": _label_filter(labels)})
        return tuple(sorted(body["Name"] for body in listed))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))


def _label_filter(labels: Mapping[str, str]) -> list[str]:
    """Docker takes a label without a value for “has it”."""
    return [f"{name}={value}" if value else name for name, value in labels.items()]


def _is_of(body: Json, name: str) -> bool:
    references = [*(body.get("RepoDigests") or ()), *(body.get("RepoTags") or ())]
    return any(reading.full_name(reference).startswith((f"{name}@", f"{name}:")) for reference in references)
