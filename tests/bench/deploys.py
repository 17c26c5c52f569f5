"""A deploy by Forge beside the same calls of the Docker SDK, made one after the other by hand."""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import ImageNotFound

from forge.deploy.health import FIRST_PAUSE, LONGEST_PAUSE
from forge.deploy.pipeline import GO_LIVE
from forge.domain.deploy import DeployStatus
from forge.runtime import Runtime
from tests.bench.house import add_project, composed, connect
from tests.bench.table import Figure, Result, median, table
from tests.parts import images
from tests.parts.parts import Parts
from tests.parts.process import free_port

PAIRS = 15
MOST = 1.15
STOP = "drain and stop the old"
KEPT = 6  # images: what serves, and the default five to roll back to
PULLS = {"the image is there": True, "the image must be pulled": False}


def run(pairs: int = PAIRS) -> Result:
    """Medians of `pairs` deploys of each kind, Forge's and by hand in turns; seconds."""
    figures: list[Figure] = []
    notes: list[str] = []
    with Parts() as parts, tempfile.TemporaryDirectory() as folder:
        marks = Marks(GO_LIVE)
        with composed(Path(folder) / "data", checkpoint=marks) as runtime:
            connect(runtime, parts)
            add_project(runtime, parts.registry, "shop")
            runtime.start()
            forge, hand = ByForge(runtime, parts, marks), ByHand(parts)
            _pair(forge, hand, -1, present=False)
            for kind, present in PULLS.items():
                marks.clear()
                hand.marks.clear()
                times = [_pair(forge, hand, number, present=present) for number in range(pairs)]
                ours, theirs = zip(*times, strict=True)
                figures.append(_figure(f"{kind}: until it is live", marks.live, hand.marks.live))
                figures.append(_figure(f"{kind}: until the old one is gone", ours, theirs))
                notes.append(_note(kind, marks, hand.marks))
            hand.close()
        parts.engine.clear()
    return Result(name="deploys", figures=tuple(figures), notes=tuple(notes))


class Marks:
    """When each step of the deploy under way had its effect: Forge's checkpoints, and the same by hand. `live`: seconds
    until the new one serves and the old one is stopped, which is the step of that name.
    """

    def __init__(self, live: str) -> None:
        self.done = threading.Event()
        self._live = live
        self.began = 0.0
        self.took: dict[str, list[float]] = {}
        self.live: list[float] = []
        self._last = 0.0

    def begin(self) -> None:
        self.done.clear()
        self.began = self._last = time.perf_counter()

    def __call__(self, moment: str) -> None:
        now = time.perf_counter()
        self.took.setdefault(moment, []).append(now - self._last)
        self._last = now
        if moment == self._live:
            self.live.append(now - self.began)
        if moment == "prune":
            self.done.set()

    def clear(self) -> None:
        self.took.clear()
        self.live.clear()

    def medians(self) -> dict[str, float]:
        """Milliseconds of each step."""
        return {name: median(took) * 1000 for name, took in self.took.items()}


class ByForge:
    """Deploys of shop/dev, from the request to the end of pruning."""

    def __init__(self, runtime: Runtime, parts: Parts, marks: Marks) -> None:
        self._runtime, self._parts, self._marks = runtime, parts, marks

    def deploy(self, tag: str) -> float:
        self._marks.begin()
        asked = self._runtime.requests.deploy("shop", "dev", tag=tag, actor="bench")
        if not self._marks.done.wait(30):
            raise SystemExit(f"The deploy of {tag} did not end: {self._runtime.store.deploys.get(asked.id)}")
        took = time.perf_counter() - self._marks.began
        ended = self._runtime.store.deploys.get(asked.id)
        assert ended.status is DeployStatus.SUCCEEDED, ended.failure
        assert self._parts.caddy.get("dev-shop.localhost")[1] == f"{tag}\n"
        return took

    def pull(self, digest: str) -> None:
        """Have the image there already."""
        image = f"{self._parts.registry.address}/shop@{digest}"
        self._runtime.adapters.engine("local").pull(image, None, lambda _: None, lambda: False)


class ByHand:
    """The engine's and the proxy's calls alone: nothing is written down, nothing is checked twice."""

    domain = "by-hand.localhost"

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.marks = Marks(STOP)
        self._api = APIClient(base_url=parts.engine.url, version="auto")
        self._api.create_network("by-hand")
        self._api.create_network("by-hand.names", internal=True)
        self._image = f"{parts.registry.address}/hand"
        self._old: str | None = None
        self._images: list[str] = []

    def deploy(self, tag: str, digest: str) -> float:
        self.marks.begin()
        image = f"{self._image}@{digest}"
        self.pull(digest)
        self.marks("pull")
        port = free_port()
        body = {
            "Image": image,
            "ExposedPorts": {"8080/tcp": {}},
            "HostConfig": {
                "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
                "RestartPolicy": {"Name": "unless-stopped"},
                "NetworkMode": "by-hand",
            },
        }
        new = self._api.create_container_from_config(body, f"by-hand-{tag}")["Id"]
        self.marks("create")
        self._api.start(new)
        self.marks("start")
        self._wait_until_healthy(port)
        self.marks("wait until healthy")
        self._api.connect_container_to_network(new, "by-hand.names", aliases=["hand"])
        self._lead_to(port)
        self.marks("switch route")
        if self._old is not None:
            self._api.stop(self._old, timeout=10)
            self.marks(STOP)
            self._api.remove_container(self._old, v=True, force=True)
            self._prune(image)
            self.marks("prune")
        self._old = new
        took = time.perf_counter() - self.marks.began
        assert self._parts.caddy.get(self.domain)[1] == f"{tag}\n"
        return took

    def pull(self, digest: str) -> None:
        try:
            self._api.inspect_image(f"{self._image}@{digest}")
        except ImageNotFound:
            for line in self._api.pull(f"{self._image}@{digest}", stream=True, decode=True):
                assert "error" not in line, line

    def _prune(self, image: str) -> None:
        """Keep as many images as Forge does."""
        self._images.append(image)
        if len(self._images) > KEPT:
            self._api.remove_image(self._images.pop(0))

    def _wait_until_healthy(self, port: int) -> None:
        """As often as Forge asks."""
        pause = FIRST_PAUSE
        while not _healthy(port):
            time.sleep(pause)
            pause = min(pause * 1.3, LONGEST_PAUSE)

    def _lead_to(self, port: int) -> None:
        """One PATCH of the one word that changes; at first the whole route."""
        admin = self._parts.caddy.admin_port
        target = f"127.0.0.1:{port}"
        if self._old is not None:
            path = "/id/by-hand/handle/0/upstreams/0/dial"
            assert _ask(admin, "PATCH", path, json.dumps(target))[0] == 200
            return
        route: dict[str, Any] = {
            "@id": "by-hand",
            "match": [{"host": [self.domain]}],
            "handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": target}]}],
        }
        assert _ask(admin, "POST", "/config/apps/http/servers/main/routes", json.dumps(route))[0] == 200

    def close(self) -> None:
        self._api.close()


def _healthy(port: int) -> bool:
    try:
        return _ask(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def _ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _pair(forge: ByForge, hand: ByHand, number: int, *, present: bool) -> tuple[float, float]:
    """One deploy of each, the first of them in turns; (Forge's, by hand)."""
    word = "there" if present else "away"
    ours, theirs = f"dev-{word}-{number}", f"{word}-{number}"
    registry = forge._parts.registry
    digests = images.push(registry, "shop", ours), images.push(registry, "hand", theirs)
    if present:
        forge.pull(digests[0])
        hand.pull(digests[1])
    if number % 2:
        took = forge.deploy(ours)
        return took, hand.deploy(theirs, digests[1])
    took = hand.deploy(theirs, digests[1])
    return forge.deploy(ours), took


def _figure(name: str, ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    hand = median(theirs)
    return Figure(name=name, value=median(ours), unit="s", most_ratio=MOST, baseline=hand, beside="by hand")


def _note(kind: str, forge: Marks, hand: Marks) -> str:
    """Where the time goes, for whoever wants to make it less."""
    beside = hand.medians()
    steps = [
        f"{name} {took:.0f}" + (f" ({beside[name]:.0f})" if name in beside else "")
        for name, took in forge.medians().items()
    ]
    return f"milliseconds of each step (by hand), {kind}: {', '.join(steps)}."


if __name__ == "__main__":
    print(table([run()]))
