"""Stages over HTTP, and what is done to one: deploy, roll back, promote, explain."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import msgspec
from flask import Blueprint

from forge.api.context import actor, runtime
from forge.api.contract import At, Id, Operation, domain, operation, wire
from forge.api.guard import allow
from forge.api.present import instance_views, stage_view
from forge.api.sealing import kept_names, sealed
from forge.api.types import (
    ChangedStage,
    Check,
    Deletion,
    DryRun,
    Explanation,
    InstanceView,
    NewStage,
    StageView,
    Volumes,
    Wire,
)
from forge.domain.deploy import Deploy
from forge.domain.errors import Invalid
from forge.domain.image import is_digest, is_tag
from forge.domain.person import Reach, Role
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.domain.tags import TagPattern, newest_first, parse_pattern

blueprint = Blueprint("stages", __name__)
_STAGE = "/api/projects/<project>/stages/<stage>"
_QUEUES = (404, 409, 502)
_PATIENCE = 2.0  # seconds for matching tags: an expression of 2,000 parts holds up everybody else


class DeployWish(Wire, kw_only=True):
    """A tag, which is deployed as it stands now, or a digest."""

    tag: str | None = None
    digest: str | None = None


class RollbackWish(Wire, kw_only=True):
    """The deploy to go back to; without it: the one before the one that serves."""

    deploy: Id | None = None


class PromoteWish(Wire, kw_only=True):
    """Which tag, where several serve the stage promoted from."""

    tag: str | None = None


class ExplainWish(Wire, kw_only=True):
    """A tag, and the digest it is supposed to mean; without it the registry is asked. `draft`: as if the stage, which
    need not be there yet, were like this.
    """

    tag: str
    digest: str | None = None
    draft: ChangedStage | None = None


class MatchWish(Wire, kw_only=True):
    """Which of `tags` belong to `pattern` (`glob:dev-*`, `regex:…`, `semver:^1.2`)."""

    pattern: str
    tags: Annotated[list[str], msgspec.Meta(max_length=10_000)]


@blueprint.post("/api/projects/<project>/stages")
@allow(Role.ADMIN, Reach.PROJECT)
@operation(Operation(query=DryRun, body=NewStage, status=201, answer=StageView, refuses=(404, 409)))
def create_stage(project: str, query: DryRun, body: NewStage) -> At:
    """Make a stage, after the project's others."""
    stage, secrets = make_stage(project, body)
    if query.dry_run:
        return At(f"/api/projects/{project}/stages", _checked(stage))
    runtime().projects.create_stage(stage, secrets, actor=actor())
    return At(f"/api/projects/{project}/stages/{stage.name}", _view(project, stage.name))


@blueprint.get(_STAGE)
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=StageView, refuses=(404,)))
def read_stage(project: str, stage: str) -> StageView:
    """One stage, with what runs there and its newest deploy."""
    return _view(project, stage)


@blueprint.put(_STAGE)
@allow(Role.ADMIN, Reach.PROJECT)
@operation(Operation(query=DryRun, body=ChangedStage, answer=StageView, refuses=(404, 409)))
def change_stage(project: str, stage: str, query: DryRun, body: ChangedStage) -> StageView:
    """Replace a stage's configuration; what runs is not touched until the next deploy."""
    before = runtime().store.projects.stage(project, stage)
    names = kept_names(before.secrets, body.secrets)
    after = _stage(project, body, name=stage, secrets=names)
    if query.dry_run:
        return _checked(after)
    runtime().projects.change_stage(after, sealed(body.secrets), actor=actor())
    return _view(project, stage)


@blueprint.get(f"{_STAGE}/deletion")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=Deletion, refuses=(404, 409, 502)))
def stage_deletion(project: str, stage: str) -> Deletion:
    """What deleting a stage would stop and remove; refused while another stage is promoted from it."""
    return wire(Deletion, runtime().projects.would_delete_stage(project, stage))


@blueprint.delete(_STAGE)
@allow(Role.ADMIN, Reach.PROJECT)
@operation(Operation(query=Volumes, answer=Deletion, refuses=(404, 409, 502)))
def delete_stage(project: str, stage: str, query: Volumes) -> Deletion:
    """Delete a stage: stop and remove what runs there; tells what that was."""
    return wire(Deletion, runtime().projects.delete_stage(project, stage, actor=actor(), volumes=query.volumes))


@blueprint.get(f"{_STAGE}/instances")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=list[InstanceView], refuses=(404,)))
def list_instances(project: str, stage: str) -> list[InstanceView]:
    """What is there of a stage, the newest first."""
    store = runtime().store
    store.projects.stage(project, stage)
    return instance_views(runtime(), store.projects.get(project), store.instances.present(project, stage))


@blueprint.post(f"{_STAGE}/deploys")
@allow(Role.DEPLOYER, Reach.STAGE)
@operation(Operation(body=DeployWish, status=202, answer=Deploy, refuses=_QUEUES, elsewhere=True))
def deploy(project: str, stage: str, body: DeployWish) -> At:
    """Deploy a tag or a digest. It is queued; follow it at its Location."""
    queued = runtime().requests.deploy(project, stage, tag=body.tag, digest=body.digest, actor=actor())
    return at(queued)


@blueprint.post(f"{_STAGE}/rollback")
@allow(Role.DEPLOYER, Reach.STAGE)
@operation(Operation(body=RollbackWish, optional=True, status=202, answer=Deploy, refuses=_QUEUES))
def rollback(project: str, stage: str, body: RollbackWish) -> At:
    """Deploy an earlier deploy's digest again, as it was configured."""
    return at(runtime().requests.rollback(project, stage, deploy=body.deploy, actor=actor()))


@blueprint.post(f"{_STAGE}/promote")
@allow(Role.DEPLOYER, Reach.STAGE)
@operation(Operation(body=PromoteWish, optional=True, status=202, answer=Deploy, refuses=_QUEUES))
def promote(project: str, stage: str, body: PromoteWish) -> At:
    """Deploy to this stage the digest that serves the stage it is promoted from."""
    return at(runtime().requests.promote(project, stage, tag=body.tag, actor=actor()))


@blueprint.post(f"{_STAGE}/explain")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(body=ExplainWish, answer=Explanation, refuses=(404, 502), elsewhere=True))
def explain(project: str, stage: str, body: ExplainWish) -> Explanation:
    """Would this tag be deployed here if it were pushed now, and why (not)."""
    if not is_tag(body.tag):
        raise Invalid(f"“{body.tag[:60]}” is no tag", fields={"tag": "not a tag"})
    if body.digest is not None and not is_digest(body.digest):
        raise Invalid("A digest is sha256: and 64 hexadecimal digits", fields={"digest": "not a digest"})
    draft = _stage(project, body.draft, name=stage, secrets=[]) if body.draft else None
    found = runtime().sightings.explain(project, stage, body.tag, body.digest, draft=draft)
    checks = [Check(name=name, ok=ok, text=text) for name, ok, text in found.checks]
    return Explanation(would=found.would, decision=found.decision, reason=found.reason, checks=checks)


@blueprint.post("/api/patterns/match")
@allow(Role.VIEWER)
@operation(Operation(body=MatchWish, answer=list[str]))
def match_pattern(body: MatchWish) -> list[str]:
    """Which tags belong to a pattern: the highest version first, else the highest number."""
    pattern = parse_pattern(body.pattern)
    return newest_first(pattern, _matching(pattern, body.tags), {})


def _matching(pattern: TagPattern, tags: Iterable[str]) -> Iterator[str]:
    matches, until = pattern.matcher(), time.monotonic() + _PATIENCE
    for tag in tags:
        if time.monotonic() > until:
            raise Invalid(
                "Matching so many tags takes too long with this pattern: make it simpler",
                fields={"pattern": "takes too long"},
            )
        if is_tag(tag) and matches(tag):
            yield tag


def at(deploy: Deploy) -> At:
    """A queued deploy, and where to follow it."""
    return At(f"/api/deploys/{deploy.id}", deploy)


def make_stage(project: str, body: NewStage) -> tuple[Stage, Mapping[str, Secret | None]]:
    """A stage as it comes in, and its secrets."""
    return _stage(project, body, secrets=list(body.secrets)), sealed(body.secrets)


def _stage(project: str, body: NewStage | ChangedStage, **more: object) -> Stage:
    pattern = msgspec.to_builtins(parse_pattern(body.pattern))
    return domain(Stage, body, project=project, pattern=pattern, **more)


def _checked(stage: Stage) -> StageView:
    """A stage as it would be; raises what keeping it would."""
    runtime().projects.check_stage(stage)
    return stage_view(runtime(), runtime().store.projects.get(stage.project), stage)


def _view(project: str, stage: str) -> StageView:
    store = runtime().store
    return stage_view(runtime(), store.projects.get(project), store.projects.stage(project, stage))
