"""Several instances of one digest: where a stage may have them, and where not."""

from __future__ import annotations

from forge.domain.errors import Invalid
from forge.domain.project import Project
from forge.domain.proxykinds import PROXY_KINDS
from forge.domain.stage import Stage, Strategy, strategy_of

_TODO = {
    "published": "without a proxy people reach one instance at its port. Give the project a proxy that balances",
    "npm": "Nginx Proxy Manager leads a domain to one instance. Put the project behind a proxy that balances",
}


def check_replicas(project: Project, stage: Stage, proxy_kind: str) -> None:
    """Raise Invalid if `stage` asks for several replicas and cannot have them."""
    if stage.replicas == 1:
        return
    strategy, why = strategy_of(project, stage)
    if strategy is Strategy.IN_PLACE:
        raise _refused(stage, why, "1 in place")
    if not PROXY_KINDS[proxy_kind].balances:
        able = " or ".join(kind.capitalize() for kind, about in PROXY_KINDS.items() if about.balances)
        raise _refused(stage, f"{_TODO[proxy_kind]} ({able})", f"1 with {proxy_kind}")


def _refused(stage: Stage, why: str, short: str) -> Invalid:
    said = f"{stage.key} cannot have {stage.replicas} replicas: {why}, or keep replicas at 1"
    return Invalid(said, fields={"replicas": short})
