"""An image in: inspected, and deployed without more ado."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint

from forge import typed
from forge.api.context import actor, runtime
from forge.api.contract import At, Operation, domain, operation
from forge.api.guard import allow
from forge.api.sealing import wrapped
from forge.api.stages import at
from forge.api.types import Health, Wire
from forge.domain import project
from forge.domain.deploy import Deploy
from forge.domain.person import Role

blueprint = Blueprint("images", __name__)


class ImageWish(Wire, kw_only=True):
    """An image: `registry/path:tag`, or by digest; without both: `latest`."""

    image: str


class Suggestion(Wire, kw_only=True):
    """What Forge would make of an image; `why` explains each guess."""

    image: str
    tag: str
    digest: str
    name: str
    port: int
    health: Health
    stage: str
    pattern: str
    why: list[str]
    labels: dict[str, str]


class QuickWish(Wire, kw_only=True):
    """An image to run; what is left out is found out by inspecting it."""

    image: str
    name: str | None = None
    stage: str | None = None
    port: int | None = None
    health: Health | None = None
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    secrets: dict[str, str] = msgspec.field(default_factory=dict)
    proxy: str | None = None


@blueprint.post("/api/images/inspect")
@allow(Role.ADMIN)
@operation(Operation(body=ImageWish, answer=Suggestion, refuses=(404, 502), elsewhere=True))
def inspect_image(body: ImageWish) -> Suggestion:
    """Look at an image at its registry, and say what Forge would make of it."""
    found = runtime().quick.inspect(body.image)
    values: dict[str, Any] = {**msgspec.to_builtins(found), "pattern": str(found.pattern)}
    return typed.convert(values, Suggestion)


@blueprint.post("/api/deploy")
@allow(Role.ADMIN)
@operation(Operation(body=QuickWish, status=202, answer=Deploy, refuses=(404, 409, 502), elsewhere=True))
def quick_deploy(body: QuickWish) -> At:
    """Quick deploy: image in, inspected, project and stage made where they are missing, deployed."""
    health = domain(project.Health, body.health) if body.health is not None else None
    queued = runtime().quick.deploy(
        body.image,
        name=body.name,
        stage=body.stage,
        port=body.port,
        health=health,
        environment=body.environment,
        secrets={name: wrapped(value) for name, value in body.secrets.items()},
        proxy=body.proxy,
        actor=actor(),
    )
    return at(queued)
