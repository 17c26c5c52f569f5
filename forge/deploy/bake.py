"""The bake: the new instances serve and the old ones still run; the first real trouble takes people back to them."""

from __future__ import annotations

from forge.deploy.candidate import health_plan, tell_probe
from forge.deploy.health import Unhealthy, stay_healthy
from forge.deploy.run import Run
from forge.deploy.watching import watching


def bake(run: Run) -> str:
    """Watch for the stage's time: their health, that none ends, and what Forge's own requests meet."""
    if run.stage.bake and run.deploy.replaces is not None:
        _watch(run, run.stage.bake)
        said = f"well for {run.stage.bake:.0f} s"
    else:
        said = "nothing served before that one could go back to" if run.stage.bake else "not asked for"
    run.end_meter()
    run.keep_measured()
    return f"{said}; {run.meter.found.said}" if run.meter is not None else said


def _watch(run: Run, seconds: float) -> None:
    watched = {one.container or "": one.replica for one in run.candidates()}
    try:
        stay_healthy(
            run.engine,
            list(watched),
            run.project.port,
            health_plan(run).probe,
            seconds=seconds,
            wait=watching(run),
            clock=run.monotonic,
            tell=tell_probe(run),
        )
    except Unhealthy as error:
        run.replica = watched.get(error.container, 1)  # whose last words are kept
        raise
