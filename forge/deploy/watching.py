"""Waiting while people are led to the new instance already: what they meet may end the deploy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from forge.deploy.health import Unhealthy
from forge.deploy.run import Run
from forge.domain.errors import ProxyError, ProxyUnavailable

_KEEP_EVERY = 2.0  # seconds between figures for whoever follows the deploy
_LOOK_EVERY = 0.25  # seconds between looks at what people would have met


def watching(run: Run) -> Callable[[float], None]:
    """A wait that raises Unhealthy as soon as more requests fail than the stage tolerates."""
    kept = run.monotonic()

    def wait(seconds: float) -> None:
        nonlocal kept
        end = run.monotonic() + seconds
        while True:
            _look_at_requests(run)
            if run.monotonic() - kept >= _KEEP_EVERY:
                kept = run.monotonic()
                run.keep_measured()
            left = end - run.monotonic()
            if left <= 0:
                return
            run.wait(min(left, _LOOK_EVERY))

    return wait


def _look_at_requests(run: Run) -> None:
    meter = run.meter
    if meter is None:
        return
    for fault in meter.news():
        run.say(f"a request through the proxy failed: {fault}", "warning")
    if excess := meter.excess(run.stage.tolerance):
        if meter.lost:  # no fault of the image: it may be tried again
            raise ProxyError(excess, code="route_lost")
        raise Unhealthy(excess)
    if meter.lost:
        _lead_again(run)


def _lead_again(run: Run) -> None:
    """A proxy that was started anew may have lost its routes; nothing is sent to one that has them."""
    route = run.route()
    if run.proxy is not None and route is not None:
        with contextlib.suppress(ProxyUnavailable):  # it is asked again in a moment
            run.proxy.point(route)
