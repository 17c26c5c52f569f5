"""Two worlds for the engine's contract: the fake, and Docker with a registry; and what their tests share."""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from forge.domain.errors import EngineError, EngineUnavailable
from forge.domain.project import HealthKind, Limits, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.domain.stranger import Beyond, Publication, Stranger, StrangerFacts
from forge.engines.access import Access
from forge.engines.docker import DockerEngine
from forge.ports import (
    HOME_LABEL,
    INSTANCE_LABEL,
    PROJECT_LABEL,
    STAGE_LABEL,
    Engine,
    HealthCheck,
    InstanceSpec,
    LayerProgress,
    LogLine,
    Probe,
)
from tests.fake_engine import Behaviour, FakeEngine
from tests.parts import images
from tests.parts.engine import Engine as EnginePart
from tests.parts.registry import Registry as RegistryPart
from tests.reaching import at

STRANGE = Stranger(  # what every stranger of these worlds has
    id="", name="", image="shop:7", status="running", created=0,
    ports=(Publication(port=8080, publish=8099, host="127.0.0.1"),),
)  # fmt: skip
HTTP = Probe(kind=HealthKind.HTTP, path="/healthz", timeout=2)
TCP = Probe(kind=HealthKind.TCP, timeout=2)
IMAGE = Probe(kind=HealthKind.IMAGE)
RUNNING = Probe(kind=HealthKind.RUNNING)


class FakeWorld:
    """The fake engine with a registry that is a dictionary."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.kinds = {
            "good": Behaviour(log=("starting", "listening on 8080")),
            "healthcheck": Behaviour(health_check=HealthCheck(command=("wget",), interval=0.3, timeout=2)),
            "unhealthy": Behaviour(
                healthy_after=None,
                log=("starting", "waiting for a database that is not there"),
                errors=("error: no database at db:5432",),
            ),
            "crashing": Behaviour(exit_code=3, log=("reading the configuration",)),
        }

    def push(self, tag: str, kind: str = "good") -> str:
        image = f"127.0.0.1:5000/shop@sha256:{secrets.token_hex(32)}"
        self.engine.known[image] = self.kinds[kind]
        self.engine.tags[f"127.0.0.1:5000/shop:{tag}"] = image
        return image

    def push_without_a_layer(self, tag: str) -> str:
        image = self.push(tag)
        self.engine.known[image] = Behaviour(pull_error=EngineError("blob unknown", code="no_image"))
        return image

    def push_endless(self, tag: str) -> str:
        image = self.push(tag)
        self.engine.known[image] = Behaviour(pull_waits=True)
        return image

    @contextlib.contextmanager
    def registry_away(self) -> Iterator[None]:
        known = dict(self.engine.known)
        self.engine.known.clear()
        yield
        self.engine.known.update(known)

    def occupy(self, port: int) -> contextlib.AbstractContextManager[Any]:
        self.engine.ports_taken.add(port)
        return contextlib.nullcontext()

    def stranger(self, name: str) -> None:
        self.engine.stranger(name)

    def settled(self, name: str) -> str:
        """A container that somebody else runs, with everything that can be taken over."""
        image = self.push(STRANGE.image.partition(":")[2])
        self.engine.pull(image, None, nothing, never)
        self.engine.strange_volume(f"{name}-data")
        made = self.engine.stranger(name, image=image)
        stranger = Stranger(
            id=made, name=name, image=STRANGE.image, status="running", created=time.time(), ports=STRANGE.ports,
            networks=(f"{name}-net",),
        )  # fmt: skip
        volume = Volume(kind=VolumeKind.EXTERNAL, path="/data", source=f"{name}-data", exclusive=True)
        self.engine.facts[made] = StrangerFacts(
            stranger=stranger, image_id="", environment={"COLOUR": Secret("green")}, volumes=(volume,),
            limits=Limits(memory=64 << 20, cpus=0.5), aliases=("kin",), restart="always",
            beyond=(Beyond(what="user", text="Its user is not the image's."),),
        )  # fmt: skip
        return made

    def strange_network(self, name: str) -> None:
        self.engine.strange_network(name)

    def networks_of(self, name: str) -> set[str]:
        return set(self.engine.joined[name])

    def strange_volume(self, name: str) -> None:
        self.engine.strange_volume(name)

    def strangers(self) -> list[str]:
        return [state.name for state in self.engine.find({})]

    def strange_volumes(self) -> tuple[str, ...]:
        return self.engine.volumes({})

    def led_to(self, alias: str, network: str) -> set[str]:
        return self.engine.led_to(alias, network)

    def docker_down(self) -> None:
        self.engine.down = True

    def docker_up(self) -> None:
        self.engine.down = False


class RealWorld:
    """A Docker engine, reached by its socket unless told otherwise, and a registry of our own."""

    def __init__(self, engine: EnginePart, registry: RegistryPart, access: Callable[[], Access] | None = None) -> None:
        self.engine = DockerEngine("local", access or at(engine.url))
        self.part = engine
        self._registry = registry
        self._name = f"shop-{secrets.token_hex(3)}"

    def push(self, tag: str, kind: str = "good") -> str:
        digest = images.push(self._registry, self._name, tag, kind=kind, env={"UNIQUE": secrets.token_hex(4)})
        return f"{self._registry.address}/{self._name}@{digest}"

    def push_without_a_layer(self, tag: str) -> str:
        image = self._push_filled(tag, 1000)
        layers = self._manifest(image)["layers"]
        for path in self._registry.folder.glob(f"**/blobs/sha256/*/{layers[1]['digest'].partition(':')[2]}/data"):
            path.unlink()
        return image

    def push_endless(self, tag: str) -> str:
        return self._push_filled(tag, 60_000_000)

    def _push_filled(self, tag: str, filler: int) -> str:
        unique = f"{tag}-{secrets.token_hex(4)}"
        digest = images.push(self._registry, self._name, unique, filler=filler)
        return f"{self._registry.address}/{self._name}@{digest}"

    def _manifest(self, image: str) -> Any:
        path = f"/v2/{self._name}/manifests/{image.partition('@')[2]}"
        return json.loads(self._registry.request("GET", path, headers={"Accept": images.MANIFEST})[2])

    @contextlib.contextmanager
    def registry_away(self) -> Iterator[None]:
        self._registry.stop()
        try:
            yield
        finally:
            self._registry.start()

    @contextlib.contextmanager
    def occupy(self, port: int) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", port)):
            yield

    def stranger(self, name: str) -> None:
        image = self.push("stranger")
        self.engine.pull(image, None, nothing, never)
        with contextlib.closing(self.part.client()) as client:
            client.api.create_container(image, name=name)

    def settled(self, name: str) -> str:
        image = self.push(STRANGE.image.partition(":")[2])
        self.engine.pull(image, None, nothing, never)
        with contextlib.closing(self.part.client()) as client:
            client.networks.create(f"{name}-net")
            made = client.containers.run(
                image, detach=True, name=name, environment={"COLOUR": "green"}, user="0:0", mem_limit="64m",
                nano_cpus=500_000_000, restart_policy={"Name": "always"}, ports={"8080/tcp": ("127.0.0.1", 8099)},
                volumes={f"{name}-data": {"bind": "/data", "mode": "rw"}}, network=f"{name}-net",
                networking_config={f"{name}-net": client.api.create_endpoint_config(aliases=["kin"])},
            )  # fmt: skip
            return str(made.id)

    def strange_network(self, name: str) -> None:
        with contextlib.closing(self.part.client()) as client:
            client.networks.create(name)

    def networks_of(self, name: str) -> set[str]:
        with contextlib.closing(self.part.client()) as client:
            return set(client.containers.get(name).attrs["NetworkSettings"]["Networks"])

    def strange_volume(self, name: str) -> None:
        with contextlib.closing(self.part.client()) as client:
            client.api.create_volume(name)

    def strangers(self) -> list[str]:
        with contextlib.closing(self.part.client()) as client:
            return [body["Names"][0].strip("/") for body in client.api.containers(all=True)]

    def strange_volumes(self) -> tuple[str, ...]:
        with contextlib.closing(self.part.client()) as client:
            return tuple(body["Name"] for body in client.api.volumes()["Volumes"] or ())

    def led_to(self, alias: str, network: str) -> set[str]:
        with contextlib.closing(self.part.client()) as client:
            bodies = [client.api.inspect_container(found["Id"]) for found in client.api.containers()]
        joined = {body["Id"]: body["NetworkSettings"]["Networks"].get(network) or {} for body in bodies}
        return {made for made, place in joined.items() if alias in (place.get("Aliases") or ())}

    def docker_down(self) -> None:
        self.part.down()

    def docker_up(self) -> None:
        self.part.start()


World = FakeWorld | RealWorld


def nothing(_layer: LayerProgress) -> None:
    """Progress nobody looks at."""


def never() -> bool:
    return False


@dataclass
class Bench:
    """Makes instances of one stage under a home of its own."""

    world: World
    home: str = field(default_factory=lambda: secrets.token_hex(4))
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def labels(self) -> dict[str, str]:
        return {HOME_LABEL: self.home, PROJECT_LABEL: "shop", STAGE_LABEL: "dev"}

    def spec(self, kind: str = "good", **changes: Any) -> InstanceSpec:
        engine = self.world.engine
        image = self.world.push("v1", kind)
        engine.pull(image, None, nothing, never)
        made = f"a{next(self.numbers)}"
        given: dict[str, Any] = {
            "name": f"shop-dev-{self.home}-{made}",
            "image": image,
            "port": 8080,
            "publish": engine.free_port(frozenset()),
            "publish_host": engine.reach().listen,
            "labels": {**self.labels, INSTANCE_LABEL: made},
        }
        return InstanceSpec(**{**given, **changes})

    def running(self, kind: str = "good", **changes: Any) -> str:
        made = self.world.engine.create(self.spec(kind, **changes))
        self.world.engine.start(made)
        return made


def eventually(ask: Callable[[], bool], within: float = 5) -> bool:
    deadline = time.monotonic() + within
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def read(engine: Engine, made: str, **asked: Any) -> list[LogLine]:
    with engine.logs(made, **asked) as lines:
        return list(lines)


class Reading:
    """Reads an engine's stream on a thread of its own; the context is left by whoever calls leave()."""

    def __init__(self, stream: contextlib.AbstractContextManager[Iterator[Any]]) -> None:
        self.items: list[Any] = []
        self.error: Exception | None = None
        self._left = contextlib.ExitStack()
        self._source = self._left.enter_context(stream)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for item in self._source:
                self.items.append(item)
        except (EngineError, EngineUnavailable) as error:
            self.error = error

    def leave(self) -> None:
        self._left.close()

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive(), "the reader goes on"
