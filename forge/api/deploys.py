"""Deploys over HTTP."""

from __future__ import annotations

import msgspec
from flask import Blueprint

from forge import typed
from forge.api.context import actor, context, principal, runtime, visible_deploy
from forge.api.contract import AsOf, At, Operation, Page, operation
from forge.api.guard import allow
from forge.api.present import deploy_view
from forge.api.stages import at
from forge.api.types import DeployView
from forge.domain.deploy import Deploy, DeployStatus
from forge.domain.person import Reach, Role
from forge.ports import LayerProgress

blueprint = Blueprint("deploys", __name__)
_DEPLOY = "/api/deploys/<int(max=2147483647):deploy>"


class DeployPage(Page, kw_only=True):
    """Of a project, of a stage, in one or several statuses."""

    project: str | None = None
    stage: str | None = None
    status: list[DeployStatus] = msgspec.field(default_factory=list)


@blueprint.get("/api/deploys")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(query=DeployPage, answer=list[Deploy]))
def list_deploys(query: DeployPage) -> AsOf:
    """Deploys, the newest first."""
    place = str(runtime().store.events.bounds()[1])
    found = runtime().store.deploys.page(
        project=query.project, stage=query.stage, status=query.status, projects=principal().projects,
        before=query.before, limit=query.limit,
    )  # fmt: skip
    return AsOf(place, found)


@blueprint.get(_DEPLOY)
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=DeployView, refuses=(404,)))
def read_deploy(deploy: int) -> DeployView:
    """One deploy, with its steps, and the last words of a failed candidate."""
    layers = context().progress.layers(deploy)
    return deploy_view(runtime(), visible_deploy(deploy), layers=typed.convert(layers, list[LayerProgress]))


@blueprint.post(f"{_DEPLOY}/cancel")
@allow(Role.DEPLOYER, Reach.STAGE)
@operation(Operation(status=202, answer=Deploy, refuses=(404, 409)))
def cancel_deploy(deploy: int) -> At:
    """Cancel a deploy: a queued one ends at once, a running one is taken back."""
    visible_deploy(deploy)
    return at(runtime().requests.cancel(deploy, actor=actor()))


@blueprint.post(f"{_DEPLOY}/retry")
@allow(Role.DEPLOYER, Reach.PROJECT)
@operation(Operation(status=202, answer=Deploy, refuses=(404, 409, 502), elsewhere=True))
def retry_deploy(deploy: int) -> At:
    """Deploy the same tag and digest once more, quarantined or not."""
    visible_deploy(deploy)
    return at(runtime().requests.retry(deploy, actor=actor()))
