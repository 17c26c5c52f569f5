"""The bake: the new instance serves and the old one still runs; the first real trouble takes people back to it."""

from __future__ import annotations

from collections.abc import Callable

from forge.deploy.health import Unhealthy, stay_healthy
from forge.deploy.run import Run
from forge.deploy.steps import health_plan, tell_probe

_LOOK_EVERY = 0.25  # seconds between looks at what people would have met


def bake(run: Run) -> str:
    """Watch it for the stage's time: its health, that it does not end, and what Forge's own requests meet."""
    return f"{_bake(run)}{_measured(run)}"


def _bake(run: Run) -> str:
    if not run.stage.bake:
        return "not asked for"
    if run.deploy.replaces is None:
        return "nothing served before that one could go back to"
    stay_healthy(
        run.engine,
        run.candidate().container or "",
        run.project.port,
        health_plan(run).probe,
        seconds=run.stage.bake,
        wait=_watching(run),
        clock=run.monotonic,
        tell=tell_probe(run),
    )
    return f"well for {run.stage.bake:.0f} s"


def _watching(run: Run) -> Callable[[float], None]:
    """A wait that raises Unhealthy as soon as more requests fail than the stage tolerates."""

    def wait(seconds: float) -> None:
        end = run.monotonic() + seconds
        while True:
            _look_at_requests(run)
            left = end - run.monotonic()
            if left <= 0:
                return
            run.wait(min(left, _LOOK_EVERY))

    return wait


def _look_at_requests(run: Run) -> None:
    if run.meter is None:
        return
    for fault in run.meter.news():
        run.say(f"a request through the proxy failed: {fault}", "warning")
    if excess := run.meter.excess(run.stage.tolerance):
        raise Unhealthy(excess)


def _measured(run: Run) -> str:
    """The figures of the switch, for the journal and the log."""
    return f"; {run.meter.end()}" if run.meter is not None else ""
