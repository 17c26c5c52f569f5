"""Sightings: a tag was seen; what should happen is decided once, and what follows is queued with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from forge.deploy.adapters import Adapters
from forge.deploy.queue import Queue
from forge.deploy.starts import WAIT_UNTIL_HEALTHY, starts_of
from forge.domain.connection import RegistryConnection
from forge.domain.deploy import Deploy
from forge.domain.errors import Conflict, ForgeError, NotFound
from forge.domain.image import Image, parse_image
from forge.domain.project import Project
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Stage, strategy_of
from forge.ports import Registry
from forge.store.database import Change
from forge.store.store import Store
from forge.watch.decide import Case, Check, Verdict, decide, was_only_noted
from forge.watch.facts import PENDING, WEBHOOK, Facts
from forge.watch.flights import Flight, Flights, Stopped

_OPEN = frozenset({Decision.DEPLOY, *PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was decided for one stage. `fresh` False: the tag meant this before, and was decided then."""

    sighting: Sighting
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look found. `image` is as the projects name it, `asked` as it was given. `watched`: some project has it.
    `digest` is None if the registry has no such tag.
    """

    asked: Image
    image: Image
    watched: bool
    digest: str | None = None
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A digest that was asked for without the lock: good as long as `flight` has `landed` no more often since."""

    flight: Flight
    landed: int
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether a tag would be deployed, and why (not); `checks` are (name, ok, sentence), in the order of deciding.
    `ok` is None for what was not asked, because a check before it has decided.
    """

    would: bool
    decision: Decision
    reason: str
    checks: tuple[tuple[str, bool | None, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A registry as it is asked for some projects."""

    connection: RegistryConnection
    registry: Registry
    projects: tuple[Project, ...]


@dataclass(slots=True)
class SightingService:
    """One for a Forge. `wake` tells the deployer that something was queued."""

    store: Store
    adapters: Adapters
    queue: Queue
    wake: Callable[[], None]
    clock: Callable[[], float] = time.time
    facts: Facts = field(init=False)
    _flights: Flights = field(default_factory=Flights)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.facts = Facts(self.store)

    def stop(self) -> None:
        """From now on looks end with Stopped, those under way after the answer that they wait for."""
        self._stopped.set()

    def check(self) -> None:
        """Raise Stopped if Forge is stopping. To be called after each answer: the store may be closed meanwhile."""
        if self._stopped.is_set():
            raise Stopped("Forge is stopping: ask again when it is back")

    # ---- looking

    def look(self, image: Image, source: str = WEBHOOK) -> list[Sighting]:
        """Ask the registry what `image`'s tag means now, and decide for every stage that it belongs to.

        Raise RegistryError, RegistryUnavailable. An empty list if nobody watches it, or the tag is not there.
        """
        return [outcome.sighting for outcome in self.see(image, source).outcomes]

    def see(self, image: Image, source: str = WEBHOOK) -> Seen:
        """`look`, with all that was found. `image` has a tag."""
        tag = image.tag or "latest"
        name, projects = self.facts.watchers(image)
        known = replace(parse_image(name), tag=tag)
        digest, outcomes = None, list[Outcome]()
        flight = self._flights.of((name, tag))
        for asked in self.sources(projects):
            with flight.lock:
                found = asked.registry.digest(known.repository, tag)
                self.check()
                outcomes += self._land(flight, asked.projects, tag, found, source, sweep=False, newer={})
            digest = found or digest
        self._wake_for(outcomes)
        return Seen(asked=image, image=known, watched=bool(projects), digest=digest, outcomes=tuple(outcomes))

    def ask(self, registry: Registry, image: Image) -> Answer:
        """What `image`'s tag means, without the lock: for asking for many at once. Touches no database."""
        self.check()
        flight = self._flights.of((image.name, image.tag))
        landed = flight.landed
        return Answer(flight=flight, landed=landed, digest=registry.digest(image.repository, image.tag or ""))

    def settle(
        self, asked: Source, image: Image, answer: Answer, source: str, newer: Mapping[tuple[str, str], str]
    ) -> list[Outcome]:
        """Decide by an answer of `ask`, asking again if somebody else decided meanwhile.

        `newer`: (project, stage) → the newest tag that was seen at the same time.
        """
        with answer.flight.lock:
            digest = answer.digest
            if answer.flight.landed != answer.landed:
                digest = asked.registry.digest(image.repository, image.tag or "")
            self.check()
            outcomes = self._land(
                answer.flight, asked.projects, image.tag or "", digest, source, sweep=True, newer=newer
            )
        self._wake_for(outcomes)
        return outcomes

    def sources(self, projects: Iterable[Project]) -> list[Source]:
        """The projects by the registry that each is asked at: one question serves all projects of a registry."""
        found: dict[tuple[str, str], Source] = {}
        for project in projects:
            connection, registry = self.adapters.registry_of(project)
            key = (connection.name, connection.host)
            before = found.get(key)
            projects_so_far = (*before.projects, project) if before else (project,)
            found[key] = Source(connection=connection, registry=registry, projects=projects_so_far)
        return list(found.values())

    def _land(
        self,
        flight: Flight,
        projects: Iterable[Project],
        tag: str,
        digest: str | None,
        source: str,
        *,
        sweep: bool,
        newer: Mapping[tuple[str, str], str],
    ) -> list[Outcome]:
        """One transaction for all stages of one tag. The caller holds the flight's lock."""
        if digest is None:
            return []
        outcomes = []
        with self.store.database.change() as change:
            for project, stage in self._stages(projects, tag, sweep=sweep):
                last = self.store.sightings.last(project.name, stage.name, tag)
                known = last is not None and last.digest == digest and (sweep or not was_only_noted(last))
                if last is not None and known:  # most deliveries: spare them all other facts
                    outcomes.append(Outcome(sighting=last, fresh=False))
                    continue
                case = self.facts.case(project, stage, tag, digest, now=change.now, sweep=sweep)
                better = newer.get((project.name, stage.name), tag)
                case = case if better == tag else replace(case, newer=better)
                outcomes.append(self._record(change, case, source))
        flight.landed += 1
        return outcomes

    def _stages(self, projects: Iterable[Project], tag: str, *, sweep: bool) -> list[tuple[Project, Stage]]:
        """The stages that `tag` belongs to, as they are now: they may have changed meanwhile.

        A sweep has nothing to tell inactive projects, and stages that only take what is promoted.
        """
        found = []
        for before in projects:
            try:
                project = self.store.projects.get(before.name)
            except NotFound:
                continue
            if project.image == before.image and (project.active or not sweep):
                stages = self.store.projects.stages(project.name)
                found += [(project, s) for s in stages if s.pattern.matches(tag) and not (sweep and s.promote_from)]
        return found

    # ---- deciding

    def _record(self, change: Change, case: Case, source: str) -> Outcome:
        verdict = decide(case)
        self._supersede(change, case, verdict)
        deploy = self._queue(change, case, source) if verdict.decision is Decision.DEPLOY else None
        sighting = Sighting(
            id=0,
            project=case.project.name,
            stage=case.stage.name,
            tag=case.tag,
            digest=case.digest,
            source=source,
            decision=verdict.decision,
            reason=verdict.reason,
            seen=change.now,
            due=verdict.due,
            deploy=deploy.id if deploy else None,
        )
        kept = self._keep(change, case, sighting)
        return Outcome(sighting=kept or sighting, fresh=kept is not None)

    def _keep(self, change: Change, case: Case, sighting: Sighting) -> Sighting | None:
        """A new row, or what was only noted decided now; None if it was decided before."""
        last = case.last
        if last is None or last.digest != case.digest or not was_only_noted(last):
            return self.store.sightings.add(change, sighting)
        return self.store.sightings.decide(
            change, last, sighting.decision, sighting.reason, due=sighting.due, deploy=sighting.deploy
        )

    def _supersede(self, change: Change, case: Case, verdict: Verdict) -> None:
        """What waited in this slot is out of date: the same tag always, others if this one is meant to go live."""
        for old in self.facts.pending(case.stage, case.tag):
            if old.tag == case.tag or verdict.decision in _OPEN:
                reason = f"{case.tag} was seen later" if old.tag != case.tag else f"{case.tag} means another image now"
                self.store.sightings.decide(change, old, Decision.SUPERSEDED, reason)

    def _queue(self, change: Change, case: Case, actor: str) -> Deploy:
        return self.queue.add(change, case.stage, case.project, tag=case.tag, digest=case.digest, actor=actor)

    def _wake_for(self, outcomes: Iterable[Outcome]) -> None:
        self._wake_if_queued(outcome.sighting for outcome in outcomes if outcome.fresh)

    def decide_due(self, now: float) -> list[Sighting]:
        """Decide anew what is due: held ones whose time has come, and what waits or is held in a stage that was
        changed; returns them as they are then.
        """
        decided = [self._decide_due(sighting) for sighting in self.store.sightings.due(now)]
        self._wake_if_queued(decided)
        return decided

    def _decide_due(self, due: Sighting) -> Sighting:
        with self.store.database.change() as change:
            try:
                if self.store.sightings.get(due.id).decision is not due.decision:
                    return due
                return self._decide_again(change, due, due.source)
            except NotFound:  # deleted meanwhile, and its sightings with it
                return due

    def _decide_again(self, change: Change, seen: Sighting, actor: str) -> Sighting:
        """What waits or is held, as it would be decided now. Raise NotFound."""
        project = self.store.projects.get(seen.project)
        stage = self.store.projects.stage(seen.project, seen.stage)
        case = self.facts.case_again(project, stage, seen, now=change.now)
        verdict = decide(case)
        deploy = self._queue(change, case, actor) if verdict.decision is Decision.DEPLOY else None
        decided = self.store.sightings.decide(
            change, seen, verdict.decision, verdict.reason, due=verdict.due, deploy=deploy.id if deploy else None
        )
        return decided or seen

    def _wake_if_queued(self, decided: Iterable[Sighting]) -> None:
        if any(sighting.deploy is not None for sighting in decided):
            self.wake()

    # ---- people

    def approve_project(self, project: str, actor: str) -> list[Sighting]:
        """A project that was made from an unknown image may deploy from now on. What waited for that is decided anew;
        returns it as it is then. Raise NotFound.
        """
        with self.store.database.change() as change:
            self.store.projects.put(change, replace(self.store.projects.get(project), active=True), actor)
            decided = [self._decide_again(change, seen, actor) for seen in self.facts.waiting(project)]
        self._wake_if_queued(decided)
        return decided

    def approve(self, sighting: int, actor: str) -> Deploy:
        """Deploy what waits or is held, at once. Raise NotFound; Conflict if it is neither, or its project inactive."""
        with self.store.database.change() as change:
            seen = self._pending(sighting, "approved")
            project = self.store.projects.get(seen.project)
            stage = self.store.projects.stage(seen.project, seen.stage)
            if not project.active:
                raise Conflict(f"Project {project.name} waits for a person: approve the project first", code="inactive")
            deploy = self.queue.add(change, stage, project, tag=seen.tag, digest=seen.digest, actor=actor)
            self.store.sightings.decide(change, seen, Decision.DEPLOY, f"Approved by {actor}", deploy=deploy.id)
            for other in self.facts.pending(stage, seen.tag):
                if other.id < seen.id:
                    reason = f"{seen.tag} was approved"
                    self.store.sightings.decide(change, other, Decision.SUPERSEDED, reason)
        self.wake()
        return deploy

    def dismiss(self, sighting: int, actor: str) -> Sighting:
        """Say no to what waits or is held. Raise NotFound, Conflict."""
        with self.store.database.change() as change:
            seen = self._pending(sighting, "dismissed")
            refused = self.store.sightings.decide(change, seen, Decision.REFUSED, f"Dismissed by {actor}")
        return refused or seen

    def _pending(self, sighting: int, what: str) -> Sighting:
        seen = self.store.sightings.get(sighting)
        if seen.decision not in PENDING:
            raise Conflict(
                f"{seen.tag} is {seen.decision.value} already: only what waits or is held can be {what}",
                code="decided",
            )
        return seen

    # ---- explaining

    def explain(
        self, project: str, stage: str, tag: str, digest: str | None = None, *, draft: Stage | None = None
    ) -> Explanation:
        """Would `tag` be deployed here if it were pushed now, by the very rules of deciding. Raise NotFound.

        Without a digest the registry is asked what the tag means. `draft`: as if the stage were like this.
        """
        found, place = self.store.projects.get(project), draft or self.store.projects.stage(project, stage)
        check, digest = self._asked(found, tag, digest)
        verdict = decide(self.facts.case(found, place, tag, digest or "", now=self.clock()))
        strategy, why = strategy_of(found, place)
        how = Check(name="strategy", ok=True, sentence=f"it is deployed {strategy.said}: {why}")
        checks = (*_until_decided((check, *verdict.checks, how)), *self._doubt(found))
        decision, reason = (verdict.decision, verdict.reason) if check.ok else (Decision.IGNORED, check.sentence)
        would = check.ok and verdict.fresh and decision is Decision.DEPLOY
        return Explanation(would=would, decision=decision, reason=reason, checks=checks)

    def _doubt(self, project: Project) -> Iterator[tuple[str, bool | None, str]]:
        """That its deploy may fail though the image is good."""
        past = self.store.deploys.durations(project.name, WAIT_UNTIL_HEALTHY)
        if doubt := starts_of(project.health, past).doubt:
            yield "health", None, doubt

    def _asked(self, project: Project, tag: str, digest: str | None) -> tuple[Check, str | None]:
        if digest is not None:
            return Check(name="registry", ok=True, sentence=f"{tag} is taken to mean {digest[:19]}"), digest
        try:
            registry = self.adapters.registry_of(project)[1]
            digest = registry.digest(parse_image(project.image).repository, tag)
        except ForgeError as error:
            return Check(name="registry", ok=False, sentence=error.message), None
        if digest is None:
            return Check(name="registry", ok=False, sentence=f"{project.image} has no tag {tag}"), None
        return Check(name="registry", ok=True, sentence=f"{tag} means {digest[:19]} at the registry"), digest


def _until_decided(checks: Iterable[Check]) -> Iterator[tuple[str, bool | None, str]]:
    """The checks up to the one that says no; the rest would be answered by what nobody knows."""
    decided = ""
    for check in checks:
        if decided:
            yield check.name, None, f"Not asked: {decided} has decided"
        else:
            yield check.name, check.ok, check.sentence
            decided = "" if check.ok else check.name
