"""Containers that are not Forge's: what there is, and adopting one. They touch the whole machine: for admins."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint

from forge import typed
from forge.api.context import actor, runtime
from forge.api.contract import At, Operation, domain, operation
from forge.api.guard import allow
from forge.api.stages import at
from forge.api.types import Health, Limits, Volume, Wire
from forge.deploy import adopt
from forge.domain import project
from forge.domain.deploy import Deploy
from forge.domain.person import Role
from forge.domain.stranger import Beyond, Publication
from forge.domain.tags import parse_pattern
from forge.store.adopted import Adopted

blueprint = Blueprint("containers", __name__)


class AdoptedView(Wire, kw_only=True):
    """What was made of a container. `serves`: Forge's instance serves, so the container may be stopped. `stopped`:
    Forge stopped it.
    """

    project: str
    stage: str
    serves: bool
    stopped: bool


class ContainerView(Wire, kw_only=True):
    """A container that no Forge made. `group` is its Compose project."""

    id: str
    name: str
    image: str
    status: str
    created: float
    ports: list[Publication]
    networks: list[str]
    group: str | None
    adopted: AdoptedView | None


class VariableView(Wire, kw_only=True):
    """A variable by name; `secret`: kept as a secret. Values are never shown."""

    name: str
    secret: bool


class AdoptPlan(Wire, kw_only=True):
    """What Forge would take over. `obstacle` says why it cannot be done at all. `publish` is its port of this machine.
    `neighbours` are reached by name on the `networks` that are joined. `host_paths` must be allowed first. `beyond` is
    what cannot be taken over. `why` explains each guess.
    """

    container: ContainerView
    name: str
    image: str
    tag: str
    digest: str
    stage: str
    pattern: str
    port: int
    publish: int | None
    health: Health
    variables: list[VariableView]
    volumes: list[Volume]
    host_paths: list[str]
    capabilities: list[str]
    limits: Limits
    aliases: list[str]
    networks: list[str]
    restart: str
    neighbours: list[str]
    beyond: list[Beyond]
    why: list[str]
    obstacle: str | None


class AdoptWish(Wire, kw_only=True):
    """What was decided. `keep_port`: people keep reaching it at the port it has. `share`: two may use its volumes at
    once. `secrets`: more variables to keep as secrets. `host_paths`: may be used from now on. `stop_first`: the
    container may be stopped before Forge's instance starts; needed where the two cannot run at once.
    """

    name: str
    stage: str
    pattern: str
    port: int
    health: Health = msgspec.field(default_factory=Health)
    auto_deploy: bool = True
    keep_port: bool = False
    share: bool = False
    secrets: list[str] = msgspec.field(default_factory=list)
    host_paths: list[str] = msgspec.field(default_factory=list)
    stop_first: bool = False


@blueprint.get("/api/engines/<name>/containers")
@allow(Role.ADMIN)
@operation(Operation(answer=list[ContainerView], refuses=(404,)))
def list_containers(name: str) -> list[ContainerView]:
    """The engine's containers that no Forge made."""
    adopted = runtime().adopting.adopted(name)
    return [_container(one, adopted.get(one.id)) for one in runtime().adopting.strangers(name)]


@blueprint.get("/api/engines/<name>/containers/<id>")
@allow(Role.ADMIN)
@operation(Operation(answer=AdoptPlan, refuses=(404,)))
def plan_adoption(name: str, id: str) -> AdoptPlan:
    """What Forge would take over from a container, and what it cannot."""
    plan = runtime().adopting.plan(name, id)
    container = _container(plan.container, runtime().adopting.adopted(name).get(plan.container.id))
    pattern = str(plan.pattern) if plan.pattern else ""
    values: dict[str, Any] = {**msgspec.to_builtins(plan), "container": msgspec.to_builtins(container)}
    return typed.convert({**values, "pattern": pattern}, AdoptPlan)


@blueprint.post("/api/engines/<name>/containers/<id>/adopt")
@allow(Role.ADMIN)
@operation(Operation(body=AdoptWish, status=202, answer=Deploy, refuses=(404, 409)))
def adopt_container(name: str, id: str, body: AdoptWish) -> At:
    """Make a project and its stage of a container, and deploy the same digest. The container is never removed."""
    health = domain(project.Health, body.health)
    wish = domain(adopt.Wish, body, pattern=parse_pattern(body.pattern), health=health)
    return at(runtime().adopting.adopt(name, id, wish, actor=actor()))


@blueprint.post("/api/engines/<name>/containers/<id>/stop")
@allow(Role.ADMIN)
@operation(Operation(answer=AdoptedView, refuses=(404, 409)))
def stop_container(name: str, id: str) -> AdoptedView:
    """Stop a container whose adopted stage serves. It stays there, and can be started again."""
    return _adopted(runtime().adopting.stop_old(name, id, actor=actor()))


def _container(one: Any, adopted: Adopted | None) -> ContainerView:
    made = msgspec.to_builtins(_adopted(adopted)) if adopted else None
    return typed.convert({**msgspec.to_builtins(one), "adopted": made}, ContainerView)


def _adopted(one: Adopted) -> AdoptedView:
    serves = runtime().adopting.serves(one)
    return AdoptedView(project=one.project, stage=one.stage, serves=serves, stopped=one.stopped)
