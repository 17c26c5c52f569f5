"""What a decision rests on, read from the store."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forge.deploy.promotion import Promotion
from forge.deploy.spec import slot_of
from forge.domain.deploy import Deploy, DeployStatus
from forge.domain.image import Image, parse_image
from forge.domain.project import Project
from forge.domain.semver import parse_version
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Stage
from forge.domain.tags import PatternKind
from forge.store.database import Change
from forge.store.store import Store
from forge.watch.decide import Case

POLLER, WEBHOOK = "poller", "webhook"
PENDING = frozenset({Decision.WAITING, Decision.HELD})


@dataclass(frozen=True, slots=True)
class Facts:
    """Read by any thread; inside a change it reads what the change sees."""

    store: Store

    def watchers(self, image: Image) -> tuple[str, list[Project]]:
        """Who watches `image`: (the name they know it by, the projects); an empty list if nobody does.

        Behind a proxy a registry does not know its own host: where no project has this host, and only one image
        is watched with this path, that one is meant.
        """
        projects = self.store.projects.by_image(image.name)
        if projects:
            return image.name, projects
        alike: dict[str, list[Project]] = {}
        for project in self.store.projects.all():
            if parse_image(project.image).repository == image.repository:
                alike.setdefault(project.image, []).append(project)
        return next(iter(alike.items())) if len(alike) == 1 else (image.name, [])

    def case(self, project: Project, stage: Stage, tag: str, digest: str, *, now: float, sweep: bool = False) -> Case:
        """The case of `tag` now. `sweep`: it was found by looking at all tags, not by being told of this one."""
        last = self.store.sightings.last(project.name, stage.name, tag)
        first = sweep and last is None and self.first_look(stage, tag)
        case = self._case(project, stage, tag, digest, now=now, seen=now, first=first, last=last)
        return replace(case, pushed=not sweep)

    def case_again(self, project: Project, stage: Stage, sighting: Sighting, *, now: float) -> Case:
        """The case of a held sighting whose time has come."""
        return self._case(
            project, stage, sighting.tag, sighting.digest, now=now, seen=sighting.seen, first=False, last=None
        )

    def _case(
        self,
        project: Project,
        stage: Stage,
        tag: str,
        digest: str,
        *,
        now: float,
        seen: float,
        first: bool,
        last: Sighting | None,
    ) -> Case:
        target, said = self._target(stage, tag)
        quarantine = self.store.deploys.quarantined(project.name, stage.name, digest)
        return Case(
            project=project,
            stage=stage,
            tag=tag,
            digest=digest,
            now=now,
            seen=seen,
            first_look=first,
            last=last,
            target=target,
            target_said=said,
            quarantine=f"deploy #{quarantine.deploy}: {quarantine.reason}" if quarantine else "",
            not_promoted=Promotion(self.store).refusal(stage, digest) if digest else "",
            newer=self._newer_version(stage, tag),
        )

    def coming(self, stage: Stage, tag: str) -> Deploy | None:
        """The newest deploy of the tag's slot that waits or is under way, and is meant to go through."""
        found = self.store.deploys.page(
            project=stage.project, stage=stage.name, status=(DeployStatus.QUEUED, DeployStatus.RUNNING)
        )
        slot = slot_of(stage, tag)
        return next((deploy for deploy in found if deploy.slot == slot and not deploy.cancel_asked), None)

    def pending(self, stage: Stage, tag: str) -> list[Sighting]:
        """Waiting and held sightings of the tag's slot."""
        slot = slot_of(stage, tag)
        latest = self.store.sightings.latest(stage.project, stage.name).values()
        return [seen for seen in latest if seen.decision in PENDING and slot_of(stage, seen.tag) == slot]

    def waiting(self, project: str) -> list[Sighting]:
        """What waits for a person in all stages of a project, the oldest first."""
        stages = self.store.projects.stages(project)
        latest = [seen for stage in stages for seen in self.store.sightings.latest(project, stage.name).values()]
        return sorted((seen for seen in latest if seen.decision is Decision.WAITING), key=lambda seen: seen.id)

    def _target(self, stage: Stage, tag: str) -> tuple[str, str]:
        coming = self.coming(stage, tag)
        if coming is not None:
            return coming.digest, f"Deploy #{coming.id} brings this image to {stage.key} already"
        slot = slot_of(stage, tag)
        for instance in self.store.instances.serving(stage.project, stage.name):
            if instance.slot == slot:
                return instance.digest, f"{stage.key} serves this image already (as {instance.tag})"
        return "", ""

    def _newer_version(self, stage: Stage, tag: str) -> str | None:
        """A higher version that the slot serves, will serve, or waits to: versions never go down by themselves."""
        version = parse_version(tag)
        if stage.pattern.kind is not PatternKind.SEMVER or stage.max_instances > 1 or version is None:
            return None
        coming = self.coming(stage, tag)
        others = {seen.tag for seen in self.pending(stage, tag)}
        if coming is not None:
            others.add(coming.tag)
        else:
            others.update(serving.tag for serving in self.store.instances.serving(stage.project, stage.name))
        higher = {other: found for other in others if (found := parse_version(other)) and found > version}
        return max(higher, key=lambda other: higher[other]) if higher else None

    # ---- what was there at the first look

    def first_look(self, stage: Stage, tag: str) -> bool:
        """Whether `tag` belongs to what was there before anybody watched."""
        return not self.store.projects.noted(stage.project, stage.name) or tag in self.noted_names(stage)

    def noted_names(self, stage: Stage) -> frozenset[str]:
        """Tags noted by their name only, because there were too many to ask for each digest."""
        return frozenset(self.store.preferences.own(_place(stage)) or ())

    def note_names(self, change: Change, stage: Stage, names: frozenset[str]) -> None:
        """Keep what `noted_names` gives back."""
        if names != self.noted_names(stage):
            self.store.preferences.keep(change, _place(stage), sorted(names))


def _place(stage: Stage) -> str:
    return f"_noted/{stage.key}"
