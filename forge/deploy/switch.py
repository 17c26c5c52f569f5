"""The step that leads people to the candidate, and back."""

from __future__ import annotations

from forge.deploy.candidate import found
from forge.deploy.run import Run
from forge.deploy.spec import aliases_of, labels_of, names_of


def switch_route(run: Run) -> str:
    """People by the proxy, the other instances of the stage by its names: from now on they get the new one."""
    candidate = run.candidate()
    run.start_meter()
    run.engine.join(
        candidate.container or "",
        names_of(run.home, run.stage.name),
        aliases_of(run.project),
        labels_of(run.home, candidate),
    )
    route = run.route_to(candidate)
    if run.proxy is None or route is None:
        return f"no proxy: people reach it at {run.candidate().target}"
    if run.meter is not None:
        run.meter.order()
    run.proxy.point(route)
    return f"{route.domain} leads to {route.target}"


def switch_back(run: Run) -> None:
    """People first: the engine may take its time."""
    _route_back(run)
    for state in found(run):
        run.engine.leave(state.id, names_of(run.home, run.stage.name))


def _route_back(run: Run) -> None:
    candidate = run.candidate() if run.deploy.instance else None
    if run.proxy is None or candidate is None or candidate.domain is None:
        return
    old = run.replaced()
    back = run.route_to(old) if old else None
    if back is None or back.domain != candidate.domain:
        run.proxy.remove(candidate.domain)
    if back is not None:
        run.proxy.point(back)
