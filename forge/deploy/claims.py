"""What only one stage may have: a domain, a published port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from forge.deploy.spec import domain_of
from forge.domain.errors import Conflict
from forge.domain.preferences import Preferences
from forge.domain.project import Project
from forge.domain.stage import Stage

Place = tuple[Project, Stage]


def check_claims(wanted: Iterable[Place], others: Iterable[Place], preferences: Preferences) -> None:
    """Raise Conflict if a stage of `wanted` would have what another of them, or one of `others`, has."""
    owners: dict[str | int, str] = {}
    for project, stage in others:
        for claim in _claims(project, stage, preferences):
            owners.setdefault(claim, stage.key)
    for project, stage in wanted:
        for claim in _claims(project, stage, preferences):
            owner = owners.setdefault(claim, stage.key)
            if owner != stage.key:
                raise Conflict(
                    f"{claim} already belongs to {owner}: choose another for {stage.key}", code="domain_taken"
                )


def _claims(project: Project, stage: Stage, preferences: Preferences) -> Iterator[str | int]:
    if project.proxy != "published":
        yield domain_of(project, stage, "tag" if stage.max_instances > 1 else "", preferences)
    if stage.publish is not None:
        yield stage.publish
