"""An hour of deploys, deliveries, log lines and readers that come and go, in minutes: what Forge holds levels off.

Forge runs in a process of its own, on fakes, so that what is measured is Forge.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from forge.compose import housekeeping
from forge.domain.events import Event
from forge.domain.stage import Stage
from forge.server import Server
from tests.bench.table import Figure, Result, median
from tests.world import World, stage, until

ROUNDS = 12  # an hour, at five minutes each: 240 deploys, 600 readers
WARM = 4  # rounds until everything has been used once and what is kept is full
DEPLOYS, READERS, DELIVERIES, LINES = 20, 50, 40, 2000  # in a round
PROJECTS = ("shop", "site", "wiki")
TAGS = 8
KEPT_EVENTS, KEPT_DEPLOYS, KEPT_RECEIPTS = 1000, 10, 100
MOST_GROWTH = 1.05


def run(rounds: int = ROUNDS) -> Result:
    """The medians of the last third, beside those of the third before it."""
    argv = [sys.executable, "-m", "tests.bench.soak", "--rounds", str(rounds)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True, timeout=1800)
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    return judged(samples)


def judged(samples: list[dict[str, float]]) -> Result:
    """Whether what was sampled once a round levelled off after the first WARM."""
    later = samples[min(WARM, len(samples) // 3) :]
    before, last = later[: len(later) // 2], later[len(later) // 2 :]
    figures = []
    for name, unit in (("memory", "MB"), ("threads", ""), ("descriptors", ""), ("database", "MB")):
        was, now = (median([sample[name] for sample in part]) for part in (before, last))
        figures.append(
            Figure(name=name, value=now, unit=unit, most_ratio=MOST_GROWTH, baseline=was, beside="the rounds before")
        )
    done = samples[-1]
    did = ", ".join(f"{done[what]:.0f} {what}" for what in ("deploys", "readers", "events"))
    note = f"{len(samples)} rounds: {did}"
    return Result(name="soak", figures=tuple(figures), notes=(note,))


class Soak:
    """A Forge on fakes, and what is done to it."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.deploys = self.readers = self.events = 0
        self.world.forge.start()
        self.server = Server(self.world.forge)
        self.server.start()
        self.port = int(self.server.url.rpartition(":")[2])
        self.token = {"Authorization": f"Bearer {self.world.forge.token.reveal()}"}
        self.world.forge.bus.subscribe(self._count)
        self._keep_little()
        for project in PROJECTS:
            self.world.project(project, self._stage(project))
            for number in range(TAGS):
                self.world.push(f"dev-{number}", project)

    def _keep_little(self) -> None:
        """As many events and receipts as a few rounds bring, so that an hour shows what months do."""
        store = self.world.forge.store
        little = replace(store.preferences.get(), events=KEPT_EVENTS, receipts=KEPT_RECEIPTS)
        with store.database.change() as change:
            store.preferences.put(change, little, "soak")

    @staticmethod
    def _stage(project: str) -> Stage:
        return stage(project, "dev", auto_deploy=False, keep=2)

    def round(self) -> None:
        """Five minutes' worth."""
        readers = threading.Thread(target=self._come_and_go)
        readers.start()
        secret = self.world.forge.webhook.secret().reveal()
        for number in range(DEPLOYS):
            project, tag = PROJECTS[self.deploys % len(PROJECTS)], f"dev-{self.deploys // len(PROJECTS) % TAGS}"
            self.world.deploy(tag, project=project)
            self.deploys += 1
            for _ in range(DELIVERIES // DEPLOYS):
                self._ask("POST", f"/api/webhook/{secret}", {"image": f"{self.world.images_at}/{project}:{tag}"})
            self._say(number)
            self._ask("GET", "/api/projects")
        readers.join()
        self._tidy()

    def _say(self, number: int) -> None:
        """What instances write, as it reaches the stream."""
        for line in range(LINES // DEPLOYS):
            payload = {"text": f"line {number}-{line}", "stream": "out"}
            self.world.forge.bus.publish(
                [Event(type="instance_log", topic="instance:a", at=time.time(), payload=payload)]
            )

    def _come_and_go(self) -> None:
        """Readers that read a little and leave, some from where they were."""
        last = ""
        for _ in range(READERS):
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            headers = {**self.token, **({"Last-Event-ID": last} if last else {})}
            line.request("GET", "/api/events?topics=state,instance:a,metrics", headers=headers)
            answer = line.getresponse()
            for _ in range(20):
                text = answer.readline().decode()
                last = text[3:].strip() if text.startswith("id:") else last
                if text.startswith("data:"):
                    break
            answer.close()
            line.close()
            self.readers += 1

    def _ask(self, method: str, path: str, body: Any = None) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            data = None if body is None else json.dumps(body)
            line.request(method, path, data, {**self.token, "Content-Type": "application/json"})
            answer = line.getresponse()
            answer.read()
            assert answer.status < 500, (path, answer.status)

    def _count(self, events: Any) -> None:
        self.events += len(events)

    def _tidy(self) -> None:
        """What an hour's clock does by itself, and what the fakes remember for tests."""
        housekeeping(self.world.forge.store, KEPT_DEPLOYS)
        world, machine = self.world, self.world.engine._machine
        for remembered in (world.engine.calls, world.registry.calls, world.proxy.calls, world.proxy.changes):
            remembered.clear()
        if machine.events:
            machine.events[:-1] = machine.events[-1:] * (len(machine.events) - 1)  # followers count them

    def sample(self) -> dict[str, float]:
        """What it holds now, once the readers are gone."""
        hub = self.server._app.extensions["hub"]
        until(lambda: hub.stats().readers == 0, "the readers are gone")
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            "memory": pages * 4096 / 1e6,
            "threads": float(threading.active_count()),
            "descriptors": float(len(list(Path("/proc/self/fd").iterdir()))),
            "database": sum(file.stat().st_size for file in self.world.folder.glob("forge.db")) / 1e6,
            "deploys": float(self.deploys),
            "readers": float(self.readers),
            "events": float(self.events),
        }

    def close(self) -> None:
        self.server.close()
        self.world.forge.close()


def main() -> None:
    """Print a sample a round, as JSON lines; what it means is said on the error output."""
    ask = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    ask.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = ask.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Soak(Path(folder) / "data")) as soak:
        for number in range(1, rounds + 1):
            soak.round()
            sample = soak.sample()
            print(json.dumps(sample), flush=True)
            told = ", ".join(f"{name} {value:.1f}" for name, value in sample.items())
            print(f"round {number} of {rounds}: {told}", file=sys.stderr)


if __name__ == "__main__":
    main()
