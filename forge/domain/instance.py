"""An instance: what runs."""

from __future__ import annotations

from collections.abc import Iterable
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

    `replica` counts those that one deploy made for one slot, from 1. `container` is the engine's id of it.
    `serving`: its stage's route leads here. `domain` is where people reach it, None without a proxy.
    `wanted`: it should be running (a person did not stop it). Times are unix seconds.
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
    replica: int = 1
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

    @property
    def well(self) -> bool:
        """Whether people can be led to it: it runs, and nobody wants it stopped."""
        return self.status is InstanceStatus.RUNNING and self.wanted


def who_answers(instances: Iterable[Instance]) -> tuple[Target, ...]:
    """The targets that people are led to, of instances that serve one domain: of all that are well. Where none is, of
    all: the proxy's own answer then says that it is down.
    """
    reached = [instance for instance in instances if instance.target is not None]
    return tuple(one.target for one in [i for i in reached if i.well] or reached if one.target is not None)
