"""Confirming a switch: asking through the proxy until the new instance was seen to answer."""

from __future__ import annotations

from forge.deploy.run import Run
from forge.domain.errors import ProxyError, Unavailable
from forge.domain.route import Route
from forge.ports import Answer

_FOR = 10.0  # seconds until the proxy must have been seen to send people to the new instance
_LEAST_OFTEN = 1.0  # seconds; it is asked less and less often


def confirm(run: Run) -> str:
    route = run.route_to(run.candidate())
    if run.proxy is None or route is None:
        return "no proxy to ask through"
    path = run.project.health.path or "/"
    end, saved_again, pause = run.monotonic() + _FOR, False, 0.1
    while True:
        answer, seen = _ask(run, route, path)
        if answer is not None and answer.target == route.target and not _is_fault(run, answer):
            took = f"{answer.status} in {answer.milliseconds:.0f} ms"  # at the end: the board shows it by itself
            return f"{route.domain}{path} was answered by the new instance: {took}"
        if run.monotonic() >= end:
            raise ProxyError(
                f"{route.domain} was not seen to be answered by the new instance: {seen}", code="unconfirmed"
            )
        if not saved_again and run.monotonic() >= end - _FOR / 2:
            run.proxy.point(route, again=True)
            saved_again = True
        run.wait(pause)
        pause = min(pause * 1.5, _LEAST_OFTEN)


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
