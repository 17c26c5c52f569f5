"""From a delivery of the webhook to the first step of the deploy, as a reader of the live stream sees it."""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.house import Served, add_project, composed, connect
from tests.bench.table import Figure, Result, median, percentile, table
from tests.parts import images
from tests.parts.parts import Parts

PROJECTS = 40
MOST_MS = 100.0


def run(projects: int = PROJECTS) -> Result:
    """One delivery to each of `projects`, each when the deploy before it has ended; milliseconds."""
    with Parts() as parts, tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        names = [f"shop{number}" for number in range(projects)]
        with composed(data) as runtime:
            connect(runtime, parts)
            for name in names:
                add_project(runtime, parts.registry, name)
            secret = runtime.webhook.secret().reveal()
        with Served(data) as forge, closing(Stream(forge)) as stream:
            took = [_deliver(forge, stream, parts, secret, name) for name in names]
        parts.engine.clear()
    answered, began = zip(*took, strict=True)
    return Result(
        name="webhook",
        figures=(
            Figure(name="delivery to first step, p95", value=percentile(began, 95), unit="ms", most=MOST_MS),
            Figure(name="delivery to first step, median", value=median(began), unit="ms"),
            Figure(name="delivery to its answer, p95", value=percentile(answered, 95), unit="ms"),
        ),
    )


class Stream:
    """The events of a running Forge, with when each came (perf_counter)."""

    def __init__(self, forge: Served) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", forge.port, timeout=30)
        self._connection.request("GET", "/api/events", headers=forge.bearer())
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200, self._answer.read()
        next(self.events())  # hello

    def events(self) -> Iterator[tuple[float, dict[str, Any]]]:
        while line := self._answer.readline():
            if line.startswith(b"data:"):
                yield time.perf_counter(), json.loads(line[5:])
        raise SystemExit("Forge ended the stream.")

    def close(self) -> None:
        self._connection.close()


def _deliver(forge: Served, stream: Stream, parts: Parts, secret: str, name: str) -> tuple[float, float]:
    """Push, deliver, and wait for the deploy's end; milliseconds to (the answer, the first step)."""
    images.push(parts.registry, name, "dev-1")
    sent = time.perf_counter()
    status, receipt = forge.ask("POST", f"/api/webhook/{secret}", {"image": f"{parts.registry.address}/{name}:dev-1"})
    answered = time.perf_counter()
    assert status == 202, receipt
    began = 0.0
    for at, event in stream.events():
        payload = event["payload"]
        if event["type"] == "deploy_step" and payload["name"] == "resolve digest" and not began:
            began = at
        if event["type"] == "deploy_status" and payload["project"] == name and payload["ended"]:
            assert payload["status"] == "succeeded", payload
            break
    return (answered - sent) * 1000, (began - sent) * 1000


if __name__ == "__main__":
    print(table([run()]))
