"""A proxy in memory, trusted because it passes the same contract as the real ones."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route, Target
from forge.ports import Answer, ProxyReport


class FakeProxy:
    """`answers(target)` is the status that a target gives, None if it is dead. `down`: it does not answer;
    `refuse`: the sentence with which it refuses all changes. `prepares(route)` is what preparing says. `strangers` are
    domains of other people's routes, with their targets. `calls` is every call, `changes` the calls that changed a
    route.
    """

    def __init__(self, *, answers: Callable[[Target], int | None] = lambda _target: 200) -> None:
        self.answers = answers
        self.down = False
        self.refuse = ""
        self.prepares: Callable[[Route], str] = lambda _route: ""
        self.strangers: dict[str, Target | None] = {}
        self.calls: list[tuple[str, ...]] = []
        self.changes: list[tuple[str, ...]] = []
        self._routes: dict[str, tuple[Target, ...]] = {}
        self._turn = itertools.count()
        self._adopted: dict[str, Target | None] = {}
        self._lock = threading.Lock()

    def of_another(self, home: str) -> FakeProxy:
        """The same proxy as another Forge has it: our routes are strangers' there, and the other way about."""
        del home
        other = FakeProxy(answers=self.answers)
        other.strangers, other._routes = _Others(self.strangers, self._routes), {}
        self.strangers = _Others(self.strangers, other._routes)
        return other

    def restart(self) -> None:
        """As a Caddy without a kept configuration: Forge's routes are gone, strangers' stay."""
        with self._lock:
            self._routes.clear()

    def leads(self, domain: str) -> Target | None:
        """Where visitors of `domain` come to."""
        targets = self._routes.get(domain)
        return self._next(targets)[0] if targets else self.strangers.get(domain)

    def _next(self, targets: tuple[Target, ...]) -> tuple[Target, int | None]:
        """Whose turn it is of those who answer, and with what status; None if none does."""
        first = next(self._turn)
        in_turn = [targets[(first + more) % len(targets)] for more in range(len(targets))]
        answers = [(target, self.answers(target)) for target in in_turn]
        return next((answer for answer in answers if answer[1] is not None), answers[0])

    def test(self) -> ProxyReport:
        if self.down:
            return ProxyReport(ok=False, text="The fake proxy is down: set down to False")
        return ProxyReport(ok=not self.refuse, text=self.refuse or "The fake proxy answers", version="1.0")

    def routes(self) -> tuple[Route, ...]:
        with self._lock:
            self._note("routes")
            return tuple(Route(domain, targets) for domain, targets in self._routes.items())

    def prepare(self, route: Route) -> str:
        return self.prepares(route)

    def point(self, route: Route, *, again: bool = False) -> None:
        with self._lock:
            call = self._note("point", route.domain, route.said)
            if route.domain in self.strangers:
                if route.options.get("adopt") != "true":
                    raise ProxyError(f"Another route already answers for {route.domain}", code="domain_taken")
                self._adopted[route.domain] = self.strangers.pop(route.domain)
            if again or self._routes.get(route.domain) != route.targets:
                self._change(call)
                self._routes[route.domain] = route.targets

    def remove(self, domain: str) -> None:
        with self._lock:
            call = self._note("remove", domain)
            if domain in self._routes:
                self._change(call)
                del self._routes[domain]
                if domain in self._adopted:
                    self.strangers[domain] = self._adopted.pop(domain)

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        with self._lock:
            self._note("ask", route.domain, path)
            targets = self._routes.get(route.domain)
        if targets is None:
            return Answer(status=404, target=None, milliseconds=1)
        target, status = self._next(targets)
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


class _Others(dict[str, Target | None]):
    """Strangers' routes, to which another Forge's belong."""

    def __init__(self, strangers: dict[str, Target | None], routes: dict[str, tuple[Target, ...]]) -> None:
        super().__init__(strangers)
        self._routes = routes

    def __contains__(self, domain: object) -> bool:
        return super().__contains__(domain) or domain in self._routes
