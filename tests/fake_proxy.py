"""A proxy in memory, trusted because it passes the same contract as Caddy."""

from __future__ import annotations

import threading
from collections.abc import Callable

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route, Target
from forge.ports import Answer, ProxyReport


class FakeProxy:
    """`answers(target)` is the status that a target gives, None if it is dead. `down`: it does not answer;
    `refuse`: the sentence with which it refuses changes. `strangers` are domains of other people's routes.
    `calls` is every call, `changes` the calls that changed a route.
    """

    def __init__(self, *, answers: Callable[[Target], int | None] = lambda _target: 200) -> None:
        self.answers = answers
        self.down = False
        self.refuse = ""
        self.strangers: set[str] = set()
        self.calls: list[tuple[str, ...]] = []
        self.changes: list[tuple[str, ...]] = []
        self._routes: dict[str, Target] = {}
        self._lock = threading.Lock()

    def restart(self) -> None:
        """As a Caddy without a kept configuration: Forge's routes are gone, strangers' stay."""
        with self._lock:
            self._routes.clear()

    def test(self) -> ProxyReport:
        if self.down:
            return ProxyReport(ok=False, text="The fake proxy is down: set down to False")
        return ProxyReport(ok=True, text="The fake proxy answers", version="1.0")

    def routes(self) -> tuple[Route, ...]:
        with self._lock:
            self._note("routes")
            return tuple(Route(domain, target) for domain, target in self._routes.items())

    def point(self, route: Route) -> None:
        with self._lock:
            call = self._note("point", route.domain, str(route.target))
            if route.domain in self.strangers:
                raise ProxyError(f"Another route already answers for {route.domain}", code="domain_taken")
            if self._routes.get(route.domain) != route.target:
                self._change(call)
                self._routes[route.domain] = route.target

    def remove(self, domain: str) -> None:
        with self._lock:
            call = self._note("remove", domain)
            if domain in self._routes:
                self._change(call)
                del self._routes[domain]

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        with self._lock:
            self._note("ask", route.domain, path)
            target = self._routes.get(route.domain)
        if target is None:
            return Answer(status=404, target=None, milliseconds=1)
        status = self.answers(target)
        if status is None:
            return Answer(status=502, target=None, milliseconds=1)
        return Answer(status=status, target=target, milliseconds=1)

    def url(self, route: Route) -> str:
        return f"http://{route.domain}"

    def close(self) -> None:
        self.calls.append(("close",))

    def _note(self, *call: str) -> tuple[str, ...]:
        self.calls.append(call)
        if self.down:
            raise ProxyUnavailable("The fake proxy does not answer: start it")
        return call

    def _change(self, call: tuple[str, ...]) -> None:
        if self.refuse:
            raise ProxyError(self.refuse)
        self.changes.append(call)
