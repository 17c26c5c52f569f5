"""A deploy: one attempt to make one image, pinned by digest, serve a stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from forge.domain.errors import Conflict
from forge.domain.stage import Strategy


class DeployStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    REVERTING = "reverting"  # a step failed; what was done is being taken back
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # it did not go live, what served still serves
    STUCK = "stuck"  # taking back failed too; a person must look
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # a newer deploy was queued before this one began


UNDER_WAY = frozenset({DeployStatus.RUNNING, DeployStatus.REVERTING})
ENDED = frozenset(DeployStatus) - UNDER_WAY - {DeployStatus.QUEUED}

_NEXT: dict[DeployStatus, frozenset[DeployStatus]] = {
    DeployStatus.QUEUED: frozenset({DeployStatus.RUNNING, DeployStatus.CANCELLED, DeployStatus.SUPERSEDED}),
    DeployStatus.RUNNING: frozenset({DeployStatus.SUCCEEDED, DeployStatus.REVERTING}),
    DeployStatus.REVERTING: frozenset({DeployStatus.FAILED, DeployStatus.STUCK, DeployStatus.CANCELLED}),
}


class DeployKind(StrEnum):
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    PROMOTE = "promote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a switch cost, as requests found it that Forge sent through the proxy from before it until the bake's end.

    Of `sent` requests `failed`: nothing answered, the proxy itself did, or the answer was a fault; before the proxy
    was told, and of the old instance, that does not count. `slowest` answer and
    `switch`, from telling the proxy until the new instance was seen to answer, in milliseconds; None: not seen. Of
    several replicas it is the one that took longest.
    `answered_by` is the id of the instance that answered last.
    """

    sent: int = 0
    failed: int = 0
    slowest: float | None = None
    switch: float | None = None
    answered_by: str | None = None

    @property
    def said(self) -> str:
        """`0 of 214 requests failed, switched in 84 ms`."""
        took = "not seen to switch" if self.switch is None else f"switched in {self.switch:.0f} ms"
        return f"{self.failed} of {self.sent} requests failed, {took}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Deploy `#id`. `tag` is what was asked for, `digest` what it meant ("" until resolved).

    `slot` is "" where a stage has one instance; else the tag, which then has an instance of its own.
    `actor`: `webhook`, `poller`, or who asked. `source` is the deploy rolled back to or promoted.
    `instance` is the candidate's id, `replaces` the instance that served before. `failure` is the
    sentence, `failed_step` the name. `measured`: None until a proxy led people to the
    candidate. Times are unix seconds.
    """

    id: int
    project: str
    stage: str
    image: str
    tag: str
    digest: str = ""
    slot: str = ""
    kind: DeployKind = DeployKind.DEPLOY
    strategy: Strategy = Strategy.SIDE_BY_SIDE
    status: DeployStatus = DeployStatus.QUEUED
    actor: str = "forge"
    source: int | None = None
    instance: str | None = None
    replaces: str | None = None
    cancel_asked: bool = False
    failed_step: str | None = None
    failure: str | None = None
    measured: Measured | None = None
    created: float = 0
    started: float | None = None
    ended: float | None = None

    @property
    def ended_well(self) -> bool:
        return self.status is DeployStatus.SUCCEEDED

    def to(self, status: DeployStatus, **changes: Any) -> Deploy:
        """The same deploy in another status; raise Conflict where that cannot follow."""
        if status not in _NEXT.get(self.status, frozenset()):
            raise Conflict(f"Deploy #{self.id} is {self.status.value}: it cannot become {status.value}")
        return replace(self, status=status, **changes)


class StepStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A line of a deploy's journal: written before the step's effect. `note` is what it found, as a sentence."""

    deploy: int
    position: int
    name: str
    status: StepStatus
    started: float
    ended: float | None = None
    note: str = ""
