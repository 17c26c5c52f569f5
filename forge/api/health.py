"""Whether Forge and its parts are well."""

from __future__ import annotations

from flask import Blueprint

from forge import __version__
from forge.api.context import runtime, whoever
from forge.api.contract import Operation, operation
from forge.api.guard import allow_anyone
from forge.api.types import Wire
from forge.domain.person import Reach

blueprint = Blueprint("health", __name__)


class PartHealth(Wire, kw_only=True):
    """An engine, registry or proxy; `fault` says what is wrong, null while it answers; `since` in unix seconds."""

    kind: str
    name: str
    ok: bool
    fault: str | None
    since: float


class HealthReport(Wire, kw_only=True):
    """`status`: ok, or degraded while a part does not answer. Who is not signed in gets no parts."""

    status: str
    version: str
    parts: list[PartHealth]


@blueprint.get("/api/health")
@allow_anyone("probes ask it; details are for the signed-in")
@operation(Operation(answer=HealthReport))
def health() -> HealthReport:
    """Whether Forge runs, and which parts do not answer."""
    known = runtime().parts.parts()
    parts = [
        PartHealth(kind=part.kind, name=part.name, ok=part.fault is None, fault=part.fault, since=part.since)
        for part in known
    ]
    asks = (principal := whoever()) is not None and principal.reach >= Reach.FORGE
    status = "ok" if all(part.ok for part in parts) else "degraded"
    return HealthReport(status=status, version=__version__, parts=parts if asks else [])
