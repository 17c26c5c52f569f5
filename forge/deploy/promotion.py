"""Promotion: which digest serves which stage, since when, what may go on to the next stage, and why not yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf

from forge.domain.instance import Instance, InstanceStatus
from forge.domain.stage import Stage
from forge.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What serves a stage: since when it is live, and since when without a fault (None: it has one). Unix seconds."""

    instance: str
    tag: str
    digest: str
    deploy: int
    since: float
    healthy_since: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What the stage before serves and this one does not. `obstacle`: why it may not go on now, "" if it may; `at`:
    when it may if it stays well, None where waiting is not what it lacks.
    """

    tag: str
    digest: str
    deploy: int
    obstacle: str
    at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stage on a digest's way. `promote_after` in seconds."""

    stage: str
    promote_from: str | None
    promote_after: float
    serving: tuple[Serving, ...]
    next: tuple[Next, ...]


@dataclass(frozen=True, slots=True)
class Promotion:
    """Reads only, so that it may be asked inside a change too."""

    store: Store

    def of(self, project: str) -> list[Place]:
        """Every stage of a project, in the order of the board; raise NotFound."""
        self.store.projects.get(project)
        return [
            Place(
                stage=stage.name,
                promote_from=stage.promote_from,
                promote_after=stage.promote_after,
                serving=tuple(self._serving(one) for one in self._what_serves(project, stage.name)),
                next=self._next(stage),
            )
            for stage in self.store.projects.stages(project)
        ]

    def refusal(self, stage: Stage, digest: str) -> str:
        """Why `digest` may not be deployed to `stage`, "" if it may. What serves the stage may once more: with other
        settings, say.
        """
        if stage.promote_from is None or digest in self._digests(stage.project, stage.name):
            return ""
        there = self._what_serves(stage.project, stage.promote_from)
        obstacles = [self.obstacle(stage, one)[0] for one in there if one.digest == digest]
        if obstacles:
            return min(obstacles, key=len)  # "" if one of them may
        serves = " and ".join(f"{one.tag} ({one.digest[:19]})" for one in there) or "nothing"
        return (
            f"{stage.key} takes only what serves {stage.project}/{stage.promote_from}, and {digest[:19]} does not: "
            f"{serves} serves there"
        )

    def obstacle(self, stage: Stage, instance: Instance) -> tuple[str, float | None]:
        """Why what `instance` serves may not go on to `stage` yet ("" if it may), and when it may."""
        if not stage.promote_after:
            return "", None
        place = f"{instance.project}/{instance.stage}"
        demand = f"{stage.key} takes what has served {place} healthily for {_span(stage.promote_after)}"
        since = self._healthy_since(instance)
        if since is None:
            return f"{demand}, and {instance.tag} is {instance.status.value} there", None
        now, at = self.store.database.clock(), since + stage.promote_after
        if at <= now:
            return "", None
        return f"{demand}: {instance.tag} has for {_span(now - since)}, and may go on at {_said(at)}", at

    def _next(self, stage: Stage) -> tuple[Next, ...]:
        if stage.promote_from is None:
            return ()
        has = self._digests(stage.project, stage.name)
        found = []
        for one in self._what_serves(stage.project, stage.promote_from):
            if one.digest not in has:
                obstacle, at = self.obstacle(stage, one)
                found.append(Next(tag=one.tag, digest=one.digest, deploy=one.deploy, obstacle=obstacle, at=at))
        return tuple(found)

    def _serving(self, instance: Instance) -> Serving:
        return Serving(
            instance=instance.id,
            tag=instance.tag,
            digest=instance.digest,
            deploy=instance.deploy,
            since=self._live_since(instance),
            healthy_since=self._healthy_since(instance),
        )

    def _what_serves(self, project: str, stage: str) -> list[Instance]:
        """One of each slot; of several replicas the one that was well for the shortest time speaks for all."""
        weakest: dict[str, Instance] = {}
        for one in self.store.instances.serving(project, stage):
            other = weakest.get(one.slot)
            if other is None or self._well_since(one) > self._well_since(other):
                weakest[one.slot] = one
        return list(weakest.values())

    def _well_since(self, instance: Instance) -> float:
        since = self._healthy_since(instance)
        return inf if since is None else since

    def _healthy_since(self, instance: Instance) -> float | None:
        well = instance.status is InstanceStatus.RUNNING
        return max(self._live_since(instance), instance.since) if well else None

    def _live_since(self, instance: Instance) -> float:
        return self.store.deploys.get(instance.deploy).ended or instance.created

    def _digests(self, project: str, stage: str) -> set[str]:
        return {one.digest for one in self.store.instances.serving(project, stage)}


def _span(seconds: float) -> str:
    """As it is said: 45 s, 12 min, 3 h, 2 days."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or seconds == length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _said(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"  # noqa: DTZ006 people read the wall's clock
