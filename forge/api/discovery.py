"""What is on this machine already, and taking a login or a context over. It looks at the whole machine: for admins."""

from __future__ import annotations

from flask import Blueprint

from forge.api.context import actor, runtime
from forge.api.contract import Operation, operation
from forge.api.guard import allow
from forge.api.types import Wire
from forge.deploy.contexts import ContextFound
from forge.deploy.discovery import Found
from forge.domain.person import Role

blueprint = Blueprint("discovery", __name__)


class LoginWish(Wire, kw_only=True):
    """The registry whose login is to be taken over, as host[:port]."""

    host: str


class TakenLogin(Wire, kw_only=True):
    """The connection that has the login now."""

    registry: str


class ContextWish(Wire, kw_only=True):
    """The name of the context that is to become an engine."""

    context: str


class TakenContext(Wire, kw_only=True):
    """The connection to it."""

    engine: str


@blueprint.get("/api/discovery")
@allow(Role.ADMIN)
@operation(Operation(answer=Found))
def discover() -> Found:
    """Engines, Docker's contexts, registries it is logged in to, proxies, and how many containers could be adopted."""
    return runtime().discovery.look()


@blueprint.get("/api/discovery/contexts")
@allow(Role.ADMIN)
@operation(Operation(answer=list[ContextFound]))
def list_contexts() -> list[ContextFound]:
    """Docker's contexts alone: nothing outside is asked."""
    return list(runtime().discovery.contexts.all())


@blueprint.post("/api/discovery/context")
@allow(Role.ADMIN)
@operation(Operation(body=ContextWish, status=201, answer=TakenContext, refuses=(404, 409, 502)))
def take_context(body: ContextWish) -> TakenContext:
    """Make an engine of a context of Docker's, its key in the vault; the engine is asked first."""
    return TakenContext(engine=runtime().discovery.contexts.take(body.context, actor=actor()).name)


@blueprint.post("/api/discovery/login")
@allow(Role.ADMIN)
@operation(Operation(body=LoginWish, status=201, answer=TakenLogin, refuses=(404, 409, 502)))
def take_login(body: LoginWish) -> TakenLogin:
    """Keep in the vault the login that Docker has in its file; the registry is asked first."""
    return TakenLogin(registry=runtime().discovery.take_login(body.host, actor=actor()).name)
