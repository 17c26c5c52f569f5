"""Each step, three ways to break it, both strategies: on a real engine behind a real Caddy.

The old instance serves throughout (in place: whenever one can), and afterwards exactly one serves, with no
container, network, name or route left over. The table goes to docs/fault-matrix.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forge.compose import compose
from forge.deploy.pipeline import PIPELINES
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.project import Health, HealthKind, Project, Volume, VolumeKind
from forge.domain.stage import Strategy
from forge.ports import HOME_LABEL
from forge.settings import Settings
from tests.e2e.breaking import KILLED, KILLED_REVERTING, NOWHERE, RAISES, TERMED
from tests.e2e.visitor import Visitor
from tests.parts import images
from tests.world import stage, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "fault-matrix.md"
PROJECTS = {Strategy.SIDE_BY_SIDE: "beside", Strategy.IN_PLACE: "place"}
CASES = [
    (strategy, step, how)
    for strategy in Strategy
    for step in [*(step.name for step in PIPELINES[strategy]), "prune"]
    for how in (RAISES, KILLED, KILLED_REVERTING)
    if not (how == KILLED_REVERTING and step in {"go live", "prune"})  # nothing is taken back from there
] + [
    (Strategy.SIDE_BY_SIDE, step, TERMED)
    for step in ("pull", "create", "start", "switch route", "drain and stop the old")
]


class Broken:
    """The process of tests/e2e/breaking.py."""

    def __init__(self, data: Path, step: str = NOWHERE, how: str = RAISES) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.breaking", str(data), step, how],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
        )  # fmt: skip
        assert self._read() == {"ready": True}

    def ask(self, line: str) -> dict | None:
        """The answer to a line; None if it was killed."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict | None:
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def end(self) -> int:
        """Close it as Ctrl-D does; its exit code."""
        self._process.stdin.close()
        code = self._process.wait(30)
        self._process.stdout.close()
        return code


@pytest.fixture(scope="module")
def house(tmp_path_factory, parts):
    """A data folder with two projects, each with one instance that serves."""
    data = tmp_path_factory.mktemp("faults")
    runtime = compose(Settings(data=data, port=0))
    with runtime.store.database.change() as change:
        connections = runtime.store.connections
        connections.put(change, EngineConnection(name="local", url=parts.engine.url), "test")
        caddy = ProxyConnection(name="caddy", kind="caddy", url=parts.caddy.admin, address=parts.caddy.url)
        connections.put(change, caddy, "test")
        quiet = RegistryConnection(name="parts", url=f"http://{parts.registry.address}", interval=0)
        connections.put(change, quiet, "test")
    for strategy, name in PROJECTS.items():
        exclusive = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
        project = Project(
            name=name, image=f"{parts.registry.address}/{name}", port=8080, proxy="caddy",
            health=Health(kind=HealthKind.HTTP, path="/healthz", timeout=20),
            pre_deploy=("migrate",),
            volumes=(exclusive,) if strategy is Strategy.IN_PLACE else (),
        )  # fmt: skip
        runtime.projects.create(project, {}, [(stage(name, "dev"), {})], actor="test")
        images.push(parts.registry, name, "dev-0", kind="good")
    runtime.close()
    forge = Broken(data)
    for name in PROJECTS.values():
        assert forge.ask(f"{name} dev dev-0")["status"] == "succeeded"
    assert forge.end() == 0
    yield data, runtime.home, parts
    parts.engine.clear()
    parts.caddy.reset()


@pytest.fixture(scope="module")
def table():
    """The rows of the table, written when all have passed."""
    rows: list[tuple[str, ...]] = []
    yield rows
    if len(rows) == len(CASES):
        write_table(rows)


@pytest.mark.parametrize(("strategy", "step", "how"), CASES)
def test_whatever_breaks_exactly_one_serves(house, table, strategy, step, how):
    data, home, parts = house
    name = PROJECTS[strategy]
    tag = f"dev-{int(time.time() * 1000)}"
    images.push(parts.registry, name, tag, kind="good")
    before = parts.caddy.get(f"dev-{name}.localhost")[1]
    visitor = Visitor(parts.caddy, f"dev-{name}.localhost")
    outcome = break_and_restart(data, name, tag, step, how)
    visitor.leave()
    serving = check_exactly_one_serves(data, home, parts, name)
    went_live = step in {"go live", "prune"} or how != RAISES
    assert serving in (
        {f"{tag}\n"} if step in {"go live", "prune"} else {before, f"{tag}\n"} if went_live else {before}
    )
    if strategy is Strategy.SIDE_BY_SIDE:
        assert visitor.faults == [], f"{len(visitor.faults)} of {visitor.asked} requests"
    end = "new" if serving == f"{tag}\n" else "old"
    table.append((strategy.value, step, how, outcome, end, f"{len(visitor.faults)} of {visitor.asked}"))


def break_and_restart(data: Path, name: str, tag: str, step: str, how: str) -> str:
    """Deploy with the fault, then start a Forge without it and wait until it is idle; how the deploy ended."""
    broken = Broken(data, step, how)
    answer = broken.ask(f"{name} dev {tag}")
    assert broken.end() == (0 if how in {RAISES, TERMED} else -9), answer
    forge = Broken(data)
    forge.ask("idle")
    assert forge.end() == 0
    return answer["status"] if answer else "killed"


def check_exactly_one_serves(data: Path, home: str, parts, name: str) -> str:
    """What people see, once nothing is left over: one container, one route, its networks, one row."""
    with_us = compose(Settings(data=data, port=0))
    try:
        engine = with_us.adapters.engine("local")
        mine = {HOME_LABEL: home, "forge.project": name}

        def one_container() -> bool:
            return [state.status for state in engine.find(mine)] == ["running"]

        until(one_container, f"one container of {name} is there")
        (state,) = engine.find(mine)
        (instance,) = with_us.store.instances.present(name, "dev")
        assert instance.serving
        assert instance.container == state.id
        routes = {route.domain: route.target for route in with_us.adapters.proxy("caddy").routes()}
        assert routes == {f"dev-{other}.localhost": routes[f"dev-{other}.localhost"] for other in PROJECTS.values()}
        assert routes[f"dev-{name}.localhost"] == instance.target
        assert engine.networks({HOME_LABEL: home}) == (f"forge-{home}-dev", f"forge-{home}-dev.names")
    finally:
        with_us.close()
    status, body = parts.caddy.get(f"dev-{name}.localhost")
    assert status == 200
    return body


def write_table(rows: list[tuple[str, ...]]) -> None:
    """docs/fault-matrix.md, as people read it."""
    head = "| strategy | step | fault | the deploy | serves after | failed requests meanwhile |"
    lines = [f"| {' | '.join(row[:5])} | {row[5] if row[0] == 'in_place' else row[5].split()[0]} |" for row in rows]
    text = (
        "# Fault matrix\n\n"
        "Made by `tests/e2e/test_fault_matrix.py` on a real engine behind a real Caddy. After each fault Forge was\n"
        "started again; then exactly one instance served, with no container, network, name or route left over.\n"
        "A deploy that was under way when Forge was killed is taken back and tried once more; one that was being\n"
        "taken back already ends failed. In place, requests fail while the old one is stopped.\n\n"
    )
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(text + "\n".join([head, "|---|---|---|---|---|---|", *lines]) + "\n", "utf-8")
