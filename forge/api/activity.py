"""What happened, and what was seen: the activity feed and the sightings."""

from __future__ import annotations

import msgspec
from flask import Blueprint

from forge.api.context import actor, principal, runtime, sees_people
from forge.api.contract import At, Operation, Page, operation
from forge.api.guard import allow
from forge.api.stages import at
from forge.domain.deploy import Deploy
from forge.domain.errors import NotFound
from forge.domain.events import Event
from forge.domain.person import Reach, Role
from forge.domain.sighting import Decision, Sighting

blueprint = Blueprint("activity", __name__)
_SIGHTING = "/api/sightings/<int(max=2147483647):sighting>"


class ActivityPage(Page, kw_only=True):
    """Of all projects or of one, of a stage, of a person, of some types of events. `quiet`: without what another
    event tells anyway.
    """

    project: str | None = None
    stage: str | None = None
    actor: str | None = None
    type: list[str] = msgspec.field(default_factory=list)
    quiet: bool = False


class SightingPage(Page, kw_only=True):
    """Of all stages, of a project's, or of one; with one of several decisions."""

    project: str | None = None
    stage: str | None = None
    decision: list[Decision] = msgspec.field(default_factory=list)


@blueprint.get("/api/activity")
@allow(Role.VIEWER)
@operation(Operation(query=ActivityPage, answer=list[Event]))
def activity(query: ActivityPage) -> list[Event]:
    """Changes of state, the newest first; for admins also what is about people."""
    return runtime().store.events.activity(
        before=query.before, limit=query.limit, project=query.project, stage=query.stage, actor=query.actor,
        types=query.type, projects=principal().projects, quiet=query.quiet, people=sees_people(),
    )  # fmt: skip


@blueprint.get("/api/sightings")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(query=SightingPage, answer=list[Sighting]))
def list_sightings(query: SightingPage) -> list[Sighting]:
    """Tags that were seen and what was decided, the newest first."""
    return runtime().store.sightings.page(
        project=query.project,
        stage=query.stage,
        decisions=query.decision,
        projects=principal().projects,
        before=query.before,
        limit=query.limit,
    )


@blueprint.post(f"{_SIGHTING}/approve")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(status=202, answer=Deploy, refuses=(404, 409)))
def approve_sighting(sighting: int) -> At:
    """Say yes to a tag that waits or is held: it is queued at once."""
    _visible(sighting)
    return at(runtime().sightings.approve(sighting, actor()))


@blueprint.post(f"{_SIGHTING}/dismiss")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(answer=Sighting, refuses=(404, 409)))
def dismiss_sighting(sighting: int) -> Sighting:
    """Say no to a tag that waits or is held."""
    _visible(sighting)
    return runtime().sightings.dismiss(sighting, actor())


def _visible(sighting: int) -> None:
    if not principal().sees(runtime().store.sightings.get(sighting).project):
        raise NotFound(f"There is no sighting {sighting}", code="no_sighting")
