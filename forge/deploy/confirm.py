"""Seeing through the proxy that the new instance answers, and measuring what the switch cost."""

from __future__ import annotations

from dataclasses import replace

from forge.deploy.run import Run
from forge.domain.deploy import Measured
from forge.domain.errors import ProxyError, Unavailable
from forge.domain.route import Route
from forge.ports import Answer

_FOR = 10.0  # seconds until the proxy must have been seen to send people to the new instance
_EVERY = 0.2  # seconds between requests


def confirm(run: Run) -> str:
    """Ask through the proxy until the new instance answers; raise ProxyError. What was seen is kept either way."""
    route = run.route_to(run.candidate())
    if run.proxy is None or route is None:
        return "no proxy to ask through"
    path = run.project.health.path or "/"
    end, saved_again = run.monotonic() + _FOR, False
    while True:
        answer, seen = _ask(run, route, path)
        fault = answer is None or answer.target is None or _is_fault(run, answer)
        measured = _counted(run, answer, fault=fault)
        if answer is not None and answer.target == route.target and not fault:
            measured = replace(measured, switch=(run.monotonic() - run.told) * 1000)
            run.keep(measured=measured)
            return f"{route.domain}{path} was answered by the new instance, {_how(answer, measured)}"
        run.keep(measured=measured)
        if run.monotonic() >= end:
            raise ProxyError(
                f"{route.domain} was not seen to be answered by the new instance: {seen}", code="unconfirmed"
            )
        if not saved_again and run.monotonic() >= end - _FOR / 2:
            run.proxy.point(route)
            saved_again = True
        run.wait(_EVERY)


def _ask(run: Run, route: Route, path: str) -> tuple[Answer | None, str]:
    try:
        answer = run.proxy.ask(route, path) if run.proxy else None
    except Unavailable as error:
        return None, error.message
    if answer is None:
        return None, "no proxy"
    return answer, f"{answer.status} from {answer.target or 'the proxy itself'}"


def _is_fault(run: Run, answer: Answer) -> bool:
    """A server error counts where the path is known to be healthy; elsewhere who answered is enough."""
    return answer.status >= 500 and run.project.health.path is not None


def _counted(run: Run, answer: Answer | None, *, fault: bool) -> Measured:
    """What was measured so far, and this request."""
    before = run.deploy.measured or Measured()
    took = () if answer is None else (answer.milliseconds,)
    return replace(
        before,
        sent=before.sent + 1,
        failed=before.failed + fault,
        slowest=max((*took, *filter(None, (before.slowest,))), default=None),
        answered_by=_who(run, answer) or before.answered_by,
    )


def _who(run: Run, answer: Answer | None) -> str | None:
    """The id of the instance that answered, if it is one that this deploy knows."""
    known = (run.candidate(), run.replaced())
    found = (one for one in known if one is not None and answer is not None and one.target == answer.target)
    return next((one.id for one in found if one.target is not None), None)


def _how(answer: Answer, measured: Measured) -> str:
    cost = f"{measured.failed} of {measured.sent} requests failed, switched in {measured.switch or 0:.0f} ms"
    return f"{answer.status} in {answer.milliseconds:.0f} ms: {cost}"
