"""The step that leads people to the candidate, and back."""

from __future__ import annotations

from forge.deploy.candidate import found
from forge.deploy.run import Run
from forge.deploy.spec import aliases_of, labels_of, names_of


def switch_route(run: Run) -> str:
    """People by the proxy, the other instances of the stage by its names: from now on they get the new one. Of several
    replicas only the old one whose turn it is leaves the route.
    """
    candidate = run.candidate()
    if run.meter is None:
        run.start_meter()
    run.engine.join(
        candidate.container or "",
        names_of(run.home, run.stage.name),
        aliases_of(run.project),
        labels_of(run.home, candidate),
    )
    run.switched = run.replica
    route = run.route()
    if run.proxy is None or route is None:
        return f"no proxy: people reach it at {candidate.target}"
    if run.meter is not None and candidate.target is not None:
        run.meter.order(candidate.target, candidate.id)
    run.proxy.point(route)
    return f"{route.domain} leads to {route.said}"


def switch_back(run: Run) -> None:
    """People first, and to all of the old ones at once: the engine may take its time."""
    _route_back(run)
    for state in found(run):
        run.engine.leave(state.id, names_of(run.home, run.stage.name))


def _route_back(run: Run) -> None:
    candidate = run.candidate() if run.deploy.instance else None
    if run.proxy is None or candidate is None or candidate.domain is None:
        return
    back = run.route_to(run.replaced())
    if back is None or back.domain != candidate.domain:
        run.proxy.remove(candidate.domain)
    if back is not None:
        run.proxy.point(back)
