"""An instance: what runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from forge.domain.route import Target


class InstanceStatus(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    UNHEALTHY = "unhealthy"
    STOPPED = "stopped"
    MISSING = "missing"  # it should be there and is not
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Instance `id` (six characters) of a stage.

    `container` is the engine's id of it. `serving`: its stage's route leads here. `domain` is where
    people reach it, None without a proxy. `wanted`: it should be running (a person did not stop it).
    Times are unix seconds.
    """

    id: str
    project: str
    stage: str
    deploy: int
    tag: str
    digest: str
    engine: str
    name: str
    slot: str = ""
    container: str | None = None
    status: InstanceStatus = InstanceStatus.STARTING
    serving: bool = False
    wanted: bool = True
    target: Target | None = None
    domain: str | None = None
    exit_code: int | None = None
    out_of_memory: bool = False
    restarts: int = 0
    created: float = 0
    since: float = 0
