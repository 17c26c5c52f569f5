"""A hundred switches of a route in Caddy between two instances, while people ask."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forge.domain.connection import ProxyConnection
from forge.domain.route import Route, Target
from forge.http import Session
from forge.proxies.caddy import CaddyProxy
from tests.bench.house import add_project, composed, connect
from tests.bench.table import Figure, Result, median, percentile, table
from tests.parts import images
from tests.parts.kernel import MIGRATE
from tests.parts.parts import Parts
from tests.world import until

SWITCHES = 100
EVERY = 0.15  # seconds from one switch to the next
DOMAIN = "switched.localhost"
VISITORS = Path(__file__).with_name("visitors.py")


def run(switches: int = SWITCHES) -> Result:
    """With tcp_migrate_req as Forge tells people to set it, which is judged, and as Linux has it at first."""
    with Parts() as parts, tempfile.TemporaryDirectory() as folder, _two_instances(parts, Path(folder)) as targets:
        figures, notes = [], []
        for value in ("1", "0"):
            with _set(MIGRATE, value) as may:
                if not may:
                    notes.append(f"{MIGRATE} cannot be written: one run, with {_read(MIGRATE)}")
                elif value == "0":
                    time.sleep(1)
                figures += _figures(_measure(parts, targets, switches), value, notes)
            if not may:
                break
    return Result(name="switch", figures=tuple(figures), notes=tuple(notes))


@contextlib.contextmanager
def _two_instances(parts: Parts, folder: Path) -> Iterator[tuple[Target, Target]]:
    """Two tags of one image as Forge runs them, both healthy: each a stage of its own."""
    with composed(folder / "data") as runtime:
        connect(runtime, parts)
        for number in (1, 2):
            name = f"shop{number}"
            images.push(parts.registry, name, f"dev-{number}", kind="slow_requests")
            add_project(runtime, parts.registry, name)
            runtime.requests.deploy(name, "dev", tag=f"dev-{number}", actor="bench")
        runtime.start()
        instances = runtime.store.instances
        until(lambda: len(instances.serving("shop1", "dev") + instances.serving("shop2", "dev")) == 2, "both serve")
        one, two = (instances.serving(name, "dev")[0].target for name in ("shop1", "shop2"))
        assert one
        assert two
        yield one, two
    parts.engine.clear()


@contextlib.contextmanager
def _set(setting: Path, value: str) -> Iterator[bool]:
    """Have a setting of the kernel be `value`; False, and nothing done, where it may not be written."""
    if not os.access(setting, os.W_OK):
        yield False
        return
    before = setting.read_text()
    setting.write_text(value)
    try:
        yield True
    finally:
        setting.write_text(before)


def _read(setting: Path) -> str:
    return setting.read_text().strip() if setting.exists() else "no such setting"


def _measure(parts: Parts, targets: tuple[Target, Target], switches: int) -> dict[str, Any]:
    """What the visitors saw, how long each switch took in milliseconds, and after how many the old one answered."""
    session = Session()
    caddy = ProxyConnection(name="caddy", kind="caddy", url=parts.caddy.admin, address=parts.caddy.url)
    proxy = CaddyProxy(caddy, home="bench", http=session)
    proxy.point(Route(DOMAIN, (targets[0],)))
    took, wrong = [], 0
    command = [sys.executable, str(VISITORS), str(parts.caddy.port), DOMAIN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as visitors:
        time.sleep(1)
        for number in range(switches):
            route = Route(DOMAIN, (targets[(number + 1) % 2],))
            began = time.perf_counter()
            proxy.point(route)
            took.append((time.perf_counter() - began) * 1000)
            wrong += proxy.ask(route).target != route.target
            time.sleep(max(0.0, EVERY - (time.perf_counter() - began)))
        found: dict[str, Any] = json.loads(visitors.communicate(timeout=30)[0])
    session.close()
    return {**found, "took": took, "wrong": wrong}


def _figures(found: dict[str, Any], setting: str, notes: list[str]) -> list[Figure]:
    """Only with the setting that Forge asks for is anything judged."""
    asked, failed = found["asked"], found["failed"]
    judged = 0 if setting == "1" else None
    words = {"fresh": "fresh connections failed", "slow": "in flight lost", "kept": "on kept-alive connections reset"}
    figures = [
        Figure(
            name=f"{text}, tcp_migrate_req={setting}", value=failed.get(kind, 0),
            unit=f"of {asked[kind]:,}", most=None if kind == "kept" else judged,
        )
        for kind, text in words.items()
    ]  # fmt: skip
    closed = f"kept-alive connections closed while idle, tcp_migrate_req={setting}"
    figures.append(Figure(name=closed, value=found["closed"]))
    if setting == "1":
        figures += [
            Figure(name="the old one answered after the switch", value=found["wrong"], most=0),
            Figure(name="a switch, median", value=median(found["took"]), unit="ms"),
            Figure(name="a switch, p95", value=percentile(found["took"], 95), unit="ms"),
            Figure(name="longest wait of a visitor", value=found["longest_ms"], unit="ms"),
        ]
    if found["failures"]:
        told = ", ".join(f"{text} ({count})" for text, count in found["failures"].items())
        notes.append(f"failures with tcp_migrate_req={setting}: {told}")
    return figures


if __name__ == "__main__":
    print(table([run()]))
