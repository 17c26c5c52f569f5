"""Seeing through the proxy that the new instance answers."""

from __future__ import annotations

from forge.deploy.run import Run
from forge.domain.errors import ProxyError
from forge.ports import Answer

_FOR = 10.0  # seconds until the proxy must have been seen to send people to the new instance
_SOON, _LEAST_OFTEN = 0.1, 1.0  # seconds between requests: they become fewer


def confirm(run: Run) -> str:
    """Ask through the proxy until the new instance answers; raise ProxyError. What was seen is kept either way."""
    route, meter = run.route_to(run.candidate()), run.meter
    if run.proxy is None or route is None or meter is None:
        return "no proxy to ask through"
    path = run.project.health.path or "/"
    end, saved_again, pause = run.monotonic() + _FOR, False, _SOON
    while True:
        answer, fault = meter.once()
        if answer is not None and answer.target == route.target and not fault:
            meter.confirm(answer)
            run.keep_measured()
            return f"{route.domain}{path} was answered by the new instance, {_how(answer)}: {meter.found.said}"
        run.keep_measured()
        if run.monotonic() >= end:
            seen = f"{answer.status} from {answer.target or 'the proxy itself'}" if answer else fault
            raise ProxyError(
                f"{route.domain} was not seen to be answered by the new instance: {seen}", code="unconfirmed"
            )
        if not saved_again and run.monotonic() >= end - _FOR / 2:
            run.proxy.point(route, again=True)
            saved_again = True
        run.wait(pause)
        pause = min(pause * 1.5, _LEAST_OFTEN)


def _how(answer: Answer) -> str:
    return f"{answer.status} in {answer.milliseconds:.0f} ms"
