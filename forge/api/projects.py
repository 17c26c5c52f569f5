"""Projects over HTTP."""

from __future__ import annotations

import msgspec
from flask import Blueprint

from forge.api.context import actor, principal, runtime
from forge.api.contract import AsOf, At, Operation, domain, operation, wire
from forge.api.guard import allow
from forge.api.present import project_view, project_views
from forge.api.sealing import kept_names, sealed
from forge.api.stages import make_stage
from forge.api.types import ApprovedProject, ChangedProject, Deletion, DryRun, NewProject, ProjectView, Volumes
from forge.config.unapplied import Unapplied, unapplied
from forge.deploy.promotion import Place, Promotion
from forge.deploy.starts import WAIT_UNTIL_HEALTHY, Starts, starts_of
from forge.domain.errors import Forbidden
from forge.domain.person import Reach, Role
from forge.domain.project import Project

blueprint = Blueprint("projects", __name__)


@blueprint.get("/api/projects")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=list[ProjectView]))
def list_projects() -> AsOf:
    """All projects, with their stages and what runs there."""
    place = str(runtime().store.events.bounds()[1])
    seen = [project for project in runtime().store.projects.all() if principal().sees(project.name)]
    return AsOf(place, project_views(runtime(), seen))


@blueprint.post("/api/projects")
@allow(Role.ADMIN)
@operation(Operation(body=NewProject, status=201, answer=ProjectView, refuses=(404, 409)))
def create_project(body: NewProject) -> At:
    """Make a project, with its stages and secrets, all or nothing."""
    own = msgspec.structs.replace(body, proxy=body.proxy or runtime().store.preferences.get().default_proxy)
    project = domain(Project, own, secrets=list(body.secrets))
    stages = [make_stage(project.name, stage) for stage in body.stages]
    runtime().projects.create(project, sealed(body.secrets), stages, actor=actor())
    return At(f"/api/projects/{project.name}", _view(project.name))


@blueprint.get("/api/projects/<project>")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=ProjectView, refuses=(404,)))
def read_project(project: str) -> ProjectView:
    """One project, with its stages and what runs there."""
    return _view(project)


@blueprint.put("/api/projects/<project>")
@allow(Role.ADMIN, Reach.PROJECT)
@operation(Operation(query=DryRun, body=ChangedProject, answer=ProjectView, refuses=(404, 409)))
def change_project(project: str, query: DryRun, body: ChangedProject) -> ProjectView:
    """Replace a project's configuration; what runs is not touched until the next deploy."""
    before = runtime().store.projects.get(project)
    names = kept_names(before.secrets, body.secrets)
    after = domain(Project, body, name=project, secrets=names, active=before.active)
    if principal().reach < Reach.FORGE and after.beyond != before.beyond:
        raise Forbidden(
            "A token of one project changes only what is its own: not its image, registry, engine, proxy and route, "
            "aliases, networks, labels, host folders and external volumes.",
            code="token_scope",
        )
    if query.dry_run:
        runtime().projects.check(after, runtime().store.projects.stages(project))
        return project_view(runtime(), after)
    runtime().projects.change(after, sealed(body.secrets), actor=actor())
    return _view(project)


@blueprint.get("/api/projects/<project>/tags")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=list[str], refuses=(404, 502), elsewhere=True))
def project_tags(project: str) -> list[str]:
    """All tags that the project's image has at its registry."""
    return list(runtime().connections.tags_of(runtime().store.projects.get(project)))


@blueprint.get("/api/projects/<project>/unapplied")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=list[Unapplied], refuses=(404,)))
def project_unapplied(project: str) -> list[Unapplied]:
    """What was changed since the instances that serve went live; it has effect with the next deploy."""
    return unapplied(runtime().store, project)


@blueprint.get("/api/projects/<project>/promotion")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=list[Place], refuses=(404,)))
def project_promotion(project: str) -> list[Place]:
    """Which digest serves which stage, since when, what may go on to the next stage, and why not yet."""
    return Promotion(runtime().store).of(project)


@blueprint.get("/api/projects/<project>/starts")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=Starts, refuses=(404,)))
def project_starts(project: str) -> Starts:
    """How long its instances took to become healthy of late, and whether its time-out leaves them that."""
    store = runtime().store
    return starts_of(store.projects.get(project).health, store.deploys.durations(project, WAIT_UNTIL_HEALTHY))


@blueprint.get("/api/projects/<project>/deletion")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=Deletion, refuses=(404, 502)))
def project_deletion(project: str) -> Deletion:
    """What deleting a project would stop and remove."""
    return wire(Deletion, runtime().projects.would_delete(project))


@blueprint.delete("/api/projects/<project>")
@allow(Role.ADMIN, Reach.PROJECT)
@operation(Operation(query=Volumes, answer=Deletion, refuses=(404, 409, 502)))
def delete_project(project: str, query: Volumes) -> Deletion:
    """Delete a project: stop and remove all of it; tells what that was."""
    return wire(Deletion, runtime().projects.delete(project, actor=actor(), volumes=query.volumes))


@blueprint.post("/api/projects/<project>/approve")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(answer=ApprovedProject, refuses=(404,)))
def approve_project(project: str) -> ApprovedProject:
    """Say yes to a project that was made from an unknown image: it may deploy, and what waited for that is decided."""
    decided = runtime().sightings.approve_project(project, actor())
    return ApprovedProject(**msgspec.structs.asdict(_view(project)), decided=decided)


def _view(project: str) -> ProjectView:
    return project_view(runtime(), runtime().store.projects.get(project))
