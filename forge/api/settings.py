"""Settings and the whole configuration over HTTP."""

from __future__ import annotations

import os

import msgspec
from flask import Blueprint, Response, request

from forge.api.context import actor, principal, runtime
from forge.api.contract import JSON, YAML, Operation, domain, operation, read_body, read_text, wire
from forge.api.guard import allow
from forge.api.types import DryRun, Settings, Wire
from forge.domain.errors import Forbidden
from forge.domain.person import Reach, Role
from forge.domain.preferences import Preferences

blueprint = Blueprint("settings", __name__)


class Import(Wire, kw_only=True):
    """The YAML, and the environment variables that it takes secrets from."""

    yaml: str
    environment: dict[str, str] = msgspec.field(default_factory=dict)


class Differences(Wire, kw_only=True):
    """What importing changes, a line each; `applied`: it was done."""

    applied: bool
    differences: list[str]


@blueprint.get("/api/settings")
@allow(Role.VIEWER)
@operation(Operation(answer=Settings))
def read_settings() -> Settings:
    """The settings."""
    return wire(Settings, runtime().preferences.get())


@blueprint.put("/api/settings")
@allow(Role.ADMIN)
@operation(Operation(body=Settings, answer=Settings, refuses=(409,)))
def change_settings(body: Settings) -> Settings:
    """Replace the settings; what is left out gets its default."""
    runtime().preferences.put(domain(Preferences, body), actor=actor())
    return wire(Settings, runtime().preferences.get())


@blueprint.get("/api/config")
@allow(Role.ADMIN)
@operation(Operation(media=(YAML,)))
def export_config() -> Response:
    """Everything as one YAML; secrets by the names of environment variables only."""
    return Response(runtime().configs.export(), content_type=f"{YAML}; charset=utf-8")


@blueprint.post("/api/config")
@allow(Role.ADMIN)
@operation(Operation(query=DryRun, text_body=YAML, text_or=Import, answer=Differences, refuses=(404, 409)))
def import_config(query: DryRun) -> Differences:
    """Make Forge as the YAML says, all or nothing; a dry run says what would change."""
    configs, wanted = runtime().configs, _import()
    if principal().reach < Reach.PERSON and configs.says_who_may(wanted.yaml):
        raise Forbidden("A token cannot say who may sign in: leave oidc out of the file, or import it as yourself.")
    if query.dry_run:
        return Differences(applied=False, differences=configs.plan(wanted.yaml, wanted.environment))
    done = configs.apply(wanted.yaml, wanted.environment, actor=actor())
    return Differences(applied=True, differences=done)


def _import() -> Import:
    """As JSON with the sender's variables, else as plain YAML with the variables that Forge itself was started with."""
    if request.mimetype == JSON:
        return read_body(Import)
    return Import(yaml=read_text(), environment={name: os.environ[name] for name in os.environ if name[:6] != "FORGE_"})
