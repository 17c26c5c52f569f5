"""Seeing through the proxy that the new instance answers."""

from __future__ import annotations

from forge.deploy.measure import Meter
from forge.deploy.run import Run
from forge.domain.errors import ProxyError
from forge.domain.instance import Instance
from forge.ports import Answer

_FOR = 10.0  # seconds until the proxy must have been seen to send people to the new instance
_SOON, _LEAST_OFTEN = 0.1, 1.0  # seconds between requests: they become fewer


def confirm(run: Run) -> str:
    """Ask through the proxy until the new instance answers; raise ProxyError. What was seen is kept either way."""
    route, meter, new = run.route(), run.meter, run.candidate()
    if run.proxy is None or route is None or meter is None:
        return "no proxy to ask through"
    path = run.project.health.path or "/"
    end, saved_again, pause = run.monotonic() + _FOR, False, _SOON
    while True:
        answer, fault = _look(meter, new, len(route.targets))
        if answer is not None and answer.target == new.target and not fault:
            meter.confirm(answer)
            run.keep_measured()
            return f"{route.domain}{path} was answered by {_who(run)}, {_how(answer)}: {meter.found.said}"
        run.keep_measured()
        if run.monotonic() >= end:
            seen = f"{answer.status} from {answer.target or 'the proxy itself'}" if answer else fault
            raise ProxyError(f"{route.domain} was not seen to be answered by {_who(run)}: {seen}", code="unconfirmed")
        if not saved_again and run.monotonic() >= end - _FOR / 2:
            run.proxy.point(route, again=True)
            saved_again = True
        run.wait(pause)
        pause = min(pause * 1.5, _LEAST_OFTEN)


def _look(meter: Meter, new: Instance, targets: int) -> tuple[Answer | None, str]:
    """Ask, and again where others have their turn first."""
    for _ in range(targets):
        answer, fault = meter.once()
        if fault or answer is None or answer.target == new.target:
            break
    return answer, fault


def _who(run: Run) -> str:
    return "the new instance" if run.stage.replicas == 1 else f"the new instance {run.candidate().id}"


def _how(answer: Answer) -> str:
    return f"{answer.status} in {answer.milliseconds:.0f} ms"
