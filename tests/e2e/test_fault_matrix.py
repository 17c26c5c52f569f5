"""Each step, five ways to break it, both strategies and several replicas; and the parts killed in between: on a real
engine behind a real Caddy.

The old ones serve throughout (in place: whenever one can), and afterwards exactly as many serve as should, all of one
tag, with no container, network, name or route left over. The table goes to docs/fault-matrix.md.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forge.compose import compose
from forge.deploy.pipeline import pipeline_of
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.project import Health, HealthKind, Project, Volume, VolumeKind
from forge.domain.stage import Strategy
from forge.settings import Settings
from tests.e2e.breaking import KILLED, KILLED_REVERTING, RAISES, REVERTING, TERMED, TERMED_REVERTING, Breaking, Seen
from tests.e2e.visitor import Visitor
from tests.parts import images
from tests.parts.parts import Parts
from tests.world import stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
TABLE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is deployed: a project of its own, by a strategy, in so many instances."""

    project: str
    strategy: Strategy
    replicas: int = 1

    @property
    def domain(self) -> str:
        return f"dev-{self.project}.localhost"

    @property
    def said(self) -> str:
        return self.strategy.value if self.replicas == 1 else f"{self.strategy.value}, {self.replicas} replicas"

    @property
    def steps(self) -> list[str]:
        return [*(step.name for step in pipeline_of(self.strategy, self.replicas)), "prune"]


BESIDE = Kind(project="beside", strategy=Strategy.SIDE_BY_SIDE)
PLACE = Kind(project="place", strategy=Strategy.IN_PLACE)
SEVERAL = Kind(project="several", strategy=Strategy.SIDE_BY_SIDE, replicas=2)
KINDS = (BESIDE, PLACE, SEVERAL)
ENDS = {"go live", "prune"}  # nothing is taken back from there
# Before there are several, or where there is one for all, several are no other case.
ALIKE = {"resolve digest", "pull", "prepare the route", "pre-deploy"}
CASES = [
    (kind, step, how)
    for kind in KINDS
    for step in kind.steps
    for how in (RAISES, KILLED, KILLED_REVERTING, TERMED, TERMED_REVERTING)
    if not (how in REVERTING and step in ENDS) and not (kind is SEVERAL and step in ALIKE)
]
# A part is killed when a step is done, so that the next one that needs it meets it dead; a second later it is back.
CUTS = [
    *(("Caddy", step) for step in ("wait until healthy", "switch route", "confirm through the route", "bake")),
    *(("Docker", step) for step in ("create", "wait until healthy", "switch route", "drain and stop the old")),
    ("the registry", "resolve digest"),
]


class House:
    """A data folder with a project of each kind, which all serve, and the Forge that runs on it."""

    def __init__(self, data: Path, parts: Parts) -> None:
        self.data, self.parts = data, parts
        self.engine = parts.private_engine
        self.home = furnish(data, parts)
        self.forge = Breaking(data)
        for kind in KINDS:
            images.push(parts.registry, kind.project, "dev-0")
            assert self.forge.deploy(kind.project, "dev-0") == "succeeded"

    def break_in(self, kind: Kind, tag: str, step: str, how: str) -> str:
        """Deploy with the fault, and start Forge again if it ended by that; how the deploy ended."""
        ended = self.forge.deploy(kind.project, tag, step, how)
        if ended is not None:
            return ended
        code = self.forge.ended()
        left = self.last_status()
        self.forge = Breaking(self.data)
        stopped = how in {TERMED, TERMED_REVERTING}
        assert code == (0 if stopped else -9)
        assert (left == "failed") == (how == TERMED_REVERTING)  # that was finished; all else waits for the next start
        return "stopped" if stopped else "killed"

    def last_status(self) -> str:
        """The status of the latest deploy, while no Forge runs."""
        with closing(sqlite3.connect(self.data / "forge.db")) as database:
            ((status,),) = database.execute("SELECT status FROM deploy ORDER BY id DESC LIMIT 1")
        return str(status)

    def cut_off(self, kind: Kind, tag: str, step: str, part: str) -> str:
        """Deploy, and kill a part after `step`; it is back a second later. How the deploy ended."""
        cut: Any = {"Caddy": self.parts.caddy, "Docker": self.engine, "the registry": self.parts.registry}[part]
        back = threading.Timer(1, cut.start)

        def kill() -> None:
            cut.kill()
            back.start()

        ended = self.forge.deploy_and(kill, kind.project, tag, step)
        back.join()
        assert ended is not None, "Forge ended"
        return ended

    def said(self, kind: Kind) -> set[tuple[int, str]]:
        """What people see who ask so often that each has its turn."""
        return {self.parts.caddy.get(kind.domain) for _ in range(4 * kind.replicas)}


def furnish(data: Path, parts: Parts) -> str:
    """Tell a Forge about the parts and the projects; the mark of its data folder."""
    runtime = compose(Settings(data=data, port=0))
    with runtime.store.database.change() as change:
        connections = runtime.store.connections
        connections.put(change, EngineConnection(name="local", url=parts.private_engine.url), "test")
        caddy = ProxyConnection(name="caddy", kind="caddy", url=parts.caddy.admin, address=parts.caddy.url)
        connections.put(change, caddy, "test")
        quiet = RegistryConnection(name="parts", url=f"http://{parts.registry.address}", interval=0)
        connections.put(change, quiet, "test")
    for kind in KINDS:
        exclusive = Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True)
        project = Project(
            name=kind.project, image=f"{parts.registry.address}/{kind.project}", port=8080, proxy="caddy",
            health=Health(kind=HealthKind.HTTP, path="/healthz", timeout=20),
            pre_deploy=("migrate",),
            volumes=(exclusive,) if kind is PLACE else (),
        )  # fmt: skip
        # drained for a moment: a busy Caddy may still hand a request to the old one that came before the switch
        only = stage(kind.project, "dev", replicas=kind.replicas, drain=0.3)
        runtime.projects.create(project, {}, [(only, {})], actor="test")
    runtime.close()
    return runtime.home


@pytest.fixture(scope="module")
def house(tmp_path_factory, parts) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("faults"), parts)
    yield made
    assert made.forge.end() == 0
    made.engine.clear()
    parts.caddy.reset()


@pytest.fixture(scope="module")
def table() -> Iterator[list[tuple[str, ...]]]:
    """The rows of the table, written when all have passed."""
    rows: list[tuple[str, ...]] = []
    yield rows
    if len(rows) == len(CASES) + len(CUTS):
        write_table(rows)


@pytest.mark.parametrize(("kind", "step", "how"), CASES, ids=[f"{k.project}-{step}-{how}" for k, step, how in CASES])
def test_whatever_breaks_exactly_as_many_serve_as_should(house, table, kind, step, how):
    tag = f"dev-{int(time.time() * 1000)}"
    images.push(house.parts.registry, kind.project, tag)
    ((_, before),) = house.said(kind)
    visitor = Visitor(house.parts.caddy, kind.domain)
    outcome = house.break_in(kind, tag, step, how)
    seen = house.forge.settle(kind.project, kind.replicas)
    visitor.leave()
    check_nothing_is_left_over(house, kind, seen)
    taken_back = step not in ENDS and how in {RAISES, *REVERTING}
    assert house.said(kind) == {(200, before if taken_back else f"{tag}\n")}
    if kind.strategy is Strategy.SIDE_BY_SIDE:
        assert visitor.faults == [], f"{len(visitor.faults)} of {visitor.asked} requests"
    missed = f"{len(visitor.faults)} of {visitor.asked}" if kind is PLACE else str(len(visitor.faults))
    table.append((kind.said, step, how, outcome, "old" if taken_back else "new", missed))


@pytest.mark.parametrize(("part", "step"), CUTS)
def test_whatever_part_is_cut_off_exactly_one_serves_once_it_is_back(house, table, part, step):
    tag = f"dev-{int(time.time() * 1000)}"
    images.push(house.parts.registry, BESIDE.project, tag)
    ((_, before),) = house.said(BESIDE)
    visitor = Visitor(house.parts.caddy, BESIDE.domain)
    outcome = house.cut_off(BESIDE, tag, step, part)
    seen = house.forge.settle(BESIDE.project, 1)
    visitor.leave()
    check_nothing_is_left_over(house, BESIDE, seen)
    ((status, serves),) = house.said(BESIDE)
    assert (status, serves in {before, f"{tag}\n"}) == (200, True)
    assert outcome == "failed" or (outcome, serves) == ("succeeded", f"{tag}\n")
    if part == "the registry":
        assert visitor.faults == []
    missed = f"{len(visitor.faults)} of {visitor.asked}"
    table.append((BESIDE.said, step, f"{part} killed", outcome, "new" if serves == f"{tag}\n" else "old", missed))


def check_nothing_is_left_over(house: House, kind: Kind, seen: Seen) -> None:
    """So many containers and rows, all of one tag, one route to just them, and the stage's networks."""
    assert [state.status for state in seen.containers] == ["running"] * kind.replicas
    assert [one.replica for one in sorted(seen.instances, key=lambda one: one.replica)] == [
        *range(1, kind.replicas + 1)
    ]
    assert all(one.serving and one.wanted for one in seen.instances)
    assert {one.container for one in seen.instances} == {state.id for state in seen.containers}
    assert len({(one.tag, one.deploy) for one in seen.instances}) == 1
    routes = {route.domain: set(route.targets) for route in seen.routes}
    assert set(routes) == {other.domain for other in KINDS}
    assert routes[kind.domain] == {one.target for one in seen.instances}
    assert seen.networks == (f"forge-{house.home}-dev", f"forge-{house.home}-dev.names")


def write_table(rows: list[tuple[str, ...]]) -> None:
    """docs/fault-matrix.md, as people read it."""
    head = "| strategy | step | fault | the deploy | serves after | failed requests meanwhile |"
    text = (
        "# Fault matrix\n\n"
        "Made by `tests/e2e/test_fault_matrix.py` on a real engine behind a real Caddy. Forge was started again where\n"
        "the fault had ended it; afterwards exactly as many instances served as should, all of one tag, with no\n"
        "container, network, name or route left over. A deploy that was under way when Forge was killed or stopped is\n"
        "taken back and tried once more; one that was being taken back already ends failed. In place, requests fail\n"
        "while the old one is stopped; without Caddy or Docker, until that is back: a second later here.\n\n"
    )
    lines = [f"| {' | '.join(row)} |" for row in rows]
    TABLE.write_text(text + "\n".join([head, "|---|---|---|---|---|---|", *lines]) + "\n", "utf-8")
