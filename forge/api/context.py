"""What a handler finds around it: the running Forge, the stream's hub, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from flask import Flask, current_app, g, request

from forge.api.hub import Hub
from forge.api.progress import Progress
from forge.api.rate import Rate
from forge.api.tickets import Tickets, WrongTokens
from forge.domain.deploy import Deploy
from forge.domain.errors import Forbidden, NotFound, Unauthorized
from forge.domain.instance import Instance
from forge.domain.person import Principal, Reach, Role

if TYPE_CHECKING:
    from forge.runtime import Runtime

_NAME = "forge"
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What belongs to one app. `deliveries`: how many webhooks an address may send; the `wrong` ones counted apart.
    `elsewhere`: how often an address may begin or end a sign-in at the provider; `logouts`: how many logout tokens.
    """

    runtime: Runtime
    hub: Hub
    progress: Progress = field(default_factory=Progress)
    tickets: Tickets = field(default_factory=Tickets)
    wrong: WrongTokens = field(default_factory=WrongTokens)
    deliveries: Rate = field(default_factory=lambda: Rate(burst=600, per_minute=300))
    wrong_deliveries: Rate = field(default_factory=lambda: Rate(burst=60, per_minute=30))
    elsewhere: Rate = field(default_factory=lambda: Rate(burst=120, per_minute=60))
    logouts: Rate = field(default_factory=lambda: Rate(burst=600, per_minute=300))


def attach(app: Flask, context: Context) -> None:
    app.extensions[_NAME] = context


def context() -> Context:
    return cast("Context", current_app.extensions[_NAME])


def runtime() -> Runtime:
    return context().runtime


def whoever() -> Principal | None:
    """Who is asking, if they said."""
    return cast("Principal | None", g.get("principal"))


def principal() -> Principal:
    """Who is asking; raise Unauthorized if nobody said."""
    found = whoever()
    if found is None:
        raise Unauthorized("Sign in first.")
    return found


def actor() -> str:
    """Who is asking, as it is written down."""
    return principal().name


def all_projects() -> None:
    """Raise Forbidden unless whoever asks may see every project."""
    if principal().projects is not None:
        raise Forbidden("This tells of all projects, and you may see some of them only.", code="some_projects")


def sees_people() -> bool:
    """Whether whoever asks may hear what is about people."""
    return principal().role is Role.ADMIN and principal().reach is Reach.PERSON


def visible_deploy(deploy: int) -> Deploy:
    """The deploy, if whoever asks may see its project; raise NotFound."""
    found = runtime().store.deploys.get(deploy)
    if not principal().sees(found.project):
        raise NotFound(f"There is no deploy #{deploy}", code="no_deploy")
    check_stage(found.stage)
    return found


def visible_instance(instance: str) -> Instance:
    """The instance, if whoever asks may see its project; raise NotFound."""
    found = runtime().store.instances.get(instance)
    if not principal().sees(found.project):
        raise NotFound(f"There is no instance {instance}", code="no_instance")
    check_stage(found.stage)
    return found


def check_stage(stage: str) -> None:
    """Raise Forbidden if this is a write, and whoever asks may not write there."""
    if request.method not in READS and not principal().writes(stage):
        raise Forbidden(f"This token is for another stage than {stage}.", code="token_scope")
