"""What instances and the machine use, now and over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from flask import Blueprint

from forge.api.context import principal, runtime, visible_instance
from forge.api.contract import Operation, operation
from forge.api.guard import allow
from forge.api.types import Wire
from forge.domain.connection import EngineConnection
from forge.domain.errors import Invalid
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.metrics import MACHINE, WINDOWS, Sample
from forge.domain.person import Role
from forge.metrics.history import Lines, grid, read

blueprint = Blueprint("metrics", __name__)
MOST = 30  # instances in one answer: more lines than that tell nobody anything
_SPARK = (30, 20)  # points, and seconds from one to the next


class Used(Wire, kw_only=True):
    """`cpu` in processors, `memory` in bytes, `received` and `sent` in bytes per second; null: not known (yet)."""

    cpu: float | None = None
    memory: float | None = None
    received: float | None = None
    sent: float | None = None


class InstanceNow(Used, kw_only=True):
    """What an instance uses, and how its `cpu` and `memory` came about: a value for each step of the sparks."""

    cpu_spark: list[float | None]
    memory_spark: list[float | None]


class MachineNow(Used, kw_only=True):
    """The machine that Forge runs on; `cpu` from 0 to 1, of all `processors`. `disk` is where Forge's data is, sizes
    in bytes. `engine` is Docker's version. What this system does not tell is null.
    """

    name: str
    engine: str | None
    processors: int
    memory_total: int | None
    disk: int | None
    disk_total: int | None


class MetricsNow(Wire, kw_only=True):
    """As of `at` (unix seconds); measured again in `due` seconds, and then every `every` seconds while somebody follows
    the stream's topic `metrics`. Sparks have a value for every `spark_step` seconds from `spark_start` on.
    """

    at: float
    due: float
    every: float
    spark_start: int
    spark_step: int
    machine: MachineNow
    instances: dict[str, InstanceNow]


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A window up to now; of all instances, or of a project's, a stage's, or one alone."""

    window: Literal["30m", "2h", "24h", "7d"] = "30m"
    project: str | None = None
    stage: str | None = None
    instance: str | None = None


class InstanceMetrics(Wire, kw_only=True):
    """What an instance used; one that was removed is there as long as the window goes back to it."""

    instance: str
    project: str
    stage: str
    tag: str
    status: InstanceStatus
    lines: Lines


class MetricsHistory(Wire, kw_only=True):
    """`points` values of `step` seconds each from `start` (unix seconds) on, null where nothing was measured. Of more
    than 30 instances those with the busiest processor are told, removed ones last, and `left_out` says how many were
    not.
    """

    at: float
    due: float
    start: int
    step: int
    points: int
    machine: Lines
    instances: list[InstanceMetrics]
    left_out: int


@blueprint.get("/api/metrics/now")
@allow(Role.VIEWER)
@operation(Operation(answer=MetricsNow))
def metrics_now() -> MetricsNow:
    """What everything uses now, with the last ten minutes of each instance that is there."""
    sampler, store = runtime().sampler, runtime().store
    now = store.database.clock()
    sparks = grid(*_SPARK, now)
    seen = [one.id for one in store.instances.present() if principal().sees(one.project)]
    lines = read(sampler, seen, WINDOWS["30m"], sparks)
    latest = sampler.latest
    return MetricsNow(
        at=now,
        due=sampler.due,
        every=sampler.every,
        spark_start=sparks.start,
        spark_step=sparks.step,
        machine=_machine(latest),
        instances={one: _instance(latest.get(one), lines[one]) for one in seen},
    )


@blueprint.get("/api/metrics")
@allow(Role.VIEWER)
@operation(Operation(query=Wanted, answer=MetricsHistory, refuses=(404,)))
def metrics(query: Wanted) -> MetricsHistory:
    """What was used over the last half hour, two hours, day or week."""
    sampler, tier = runtime().sampler, WINDOWS[query.window]
    now = runtime().store.database.clock()
    onto = grid(tier.points, tier.step, now)
    instances = _instances(query, onto.start)
    lines = read(sampler, [one.id for one in instances], tier, onto)
    measured = [one for one in instances if any(lines[one.id].memory)]
    found = sorted(measured, key=lambda one: (one.status is InstanceStatus.REMOVED, -_average(lines[one.id].cpu)))
    return MetricsHistory(
        at=now,
        due=sampler.due,
        start=onto.start,
        step=onto.step,
        points=onto.points,
        machine=read(sampler, [MACHINE], tier, onto)[MACHINE],
        instances=[_told(one, lines[one.id]) for one in found[:MOST]],
        left_out=max(0, len(found) - MOST),
    )


def _instances(query: Wanted, since: float) -> list[Instance]:
    """Those that are wanted, may be seen, and were there at some time since `since`."""
    if query.instance is not None:
        return [visible_instance(query.instance)]
    if query.stage is not None and query.project is None:
        raise Invalid("A stage is one of a project: say which", fields={"project": "missing"})
    found = runtime().store.instances.since(since, query.project, query.stage)
    return [one for one in found if principal().sees(one.project)]


def _machine(latest: Mapping[str, Sample]) -> MachineNow:
    machine, readings = runtime().sampler.readings.machine, runtime().sampler.readings
    sample, disk = latest.get(MACHINE), machine.disk
    names = [connection.name for connection in runtime().store.connections.all(EngineConnection)]
    return MachineNow(
        **_used(sample),
        name=machine.name,
        engine=next((readings.versions[name] for name in names if name in readings.versions), None),
        processors=machine.processors,
        memory_total=machine.memory,
        disk=disk.used if disk else None,
        disk_total=disk.total if disk else None,
    )


def _instance(sample: Sample | None, lines: Lines) -> InstanceNow:
    return InstanceNow(**_used(sample), cpu_spark=lines.cpu, memory_spark=lines.memory)


def _told(instance: Instance, lines: Lines) -> InstanceMetrics:
    return InstanceMetrics(
        instance=instance.id,
        project=instance.project,
        stage=instance.stage,
        tag=instance.tag,
        status=instance.status,
        lines=lines,
    )


def _used(sample: Sample | None) -> dict[str, float | None]:
    return {name: getattr(sample, name, None) for name in Used.__struct_fields__}


def _average(line: list[float | None]) -> float:
    known = [value for value in line if value is not None]
    return sum(known) / len(known) if known else 0.0
