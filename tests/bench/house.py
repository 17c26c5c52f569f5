"""A data folder with projects behind a real registry, engine and Caddy; and `forge serve` on it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from forge.compose import compose
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.project import Health, HealthKind, Project
from forge.domain.stage import Stage
from forge.domain.tags import parse_pattern
from forge.runtime import Runtime
from forge.settings import Settings
from tests.parts.parts import Parts
from tests.parts.process import free_port
from tests.parts.registry import Registry

ROOT = Path(__file__).parents[2]
SERVE = ("-m", "forge", "serve")  # to Python


def connect(runtime: Runtime, parts: Parts, *, interval: float = 0) -> None:
    """Tell Forge where the parts are. `interval`: seconds between polls, 0 never."""
    put = runtime.store.connections.put
    caddy = ProxyConnection(name="caddy", kind="caddy", url=parts.caddy.admin, address=parts.caddy.url)
    with runtime.store.database.change() as change:
        put(change, EngineConnection(name="local", url=parts.engine.url), "bench")
        put(change, caddy, "bench")
        put(change, RegistryConnection(name="parts", url=parts.registry.url, interval=interval), "bench")


def add_project(runtime: Runtime, registry: Registry, name: str, *, drain: float = 0) -> None:
    """A project with a stage dev that takes dev-*: no bake."""
    project = Project(
        name=name, image=f"{registry.address}/{name}", port=8080, proxy="caddy",
        health=Health(kind=HealthKind.HTTP, path="/healthz", timeout=20),
    )  # fmt: skip
    dev = Stage(project=name, name="dev", pattern=parse_pattern("glob:dev-*"), drain=drain)
    runtime.projects.create(project, {}, [(dev, {})], actor="bench")


@contextlib.contextmanager
def composed(data: Path, **more: Any) -> Iterator[Runtime]:
    """Forge put together on `data`, not started."""
    runtime = compose(Settings(data=data, port=0), **more)
    try:
        yield runtime
    finally:
        runtime.close()


class Served:
    """`forge serve` on a data folder: `pid`, `port`, and how long it took to answer, in seconds."""

    def __init__(
        self,
        data: Path,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, *SERVE),
    ) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.parent / "serve.log"
        ours = {"PYTHONPATH": str(ROOT), "FORGE_DATA": str(data), "FORGE_PORT": str(self.port)}
        began = time.perf_counter()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command],
                env={**os.environ, **ours, **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.pid = self._process.pid
        try:
            self._wait(began + 20)
        except BaseException:
            self.stop()
            raise
        self.took = time.perf_counter() - began

    def _wait(self, end: float) -> None:
        while time.perf_counter() < end and self._process.poll() is None:
            if self.answers(self.port):
                return
            time.sleep(0.005)
        raise SystemExit(f"`forge serve` did not answer:\n{self.log.read_text()[-2000:]}")

    @staticmethod
    def answers(port: int) -> bool:
        """Whether /api/health says 200."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: Any = None, *, token: bool = False) -> tuple[int, Any]:
        """The status and the JSON of an answer, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Content-Type": "application/json", **(self.bearer() if token else {})}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def bearer(self) -> dict[str, str]:
        """The header of its owner, as the command line sends it."""
        return {"Authorization": f"Bearer {(self.data / 'token').read_text().strip()}"}

    def stop(self) -> None:
        """End it as a person would."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
