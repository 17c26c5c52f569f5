"""A proxy that sees this machine at another address than 127.0.0.1: one in a container, say."""

from __future__ import annotations

from dataclasses import replace

from forge.domain.route import Route, Target
from forge.ports import Answer, Proxy, ProxyReport

HERE = "127.0.0.1"


class Reached:
    """`proxy`, told every target at `address` instead of 127.0.0.1; what it says is put the other way about."""

    def __init__(self, proxy: Proxy, address: str) -> None:
        self._proxy = proxy
        self._address = address

    def test(self) -> ProxyReport:
        """As the proxy says."""
        return self._proxy.test()

    def routes(self) -> tuple[Route, ...]:
        """The proxy's, as seen from here."""
        return tuple(replace(route, targets=tuple(map(self._back, route.targets))) for route in self._proxy.routes())

    def prepare(self, route: Route) -> str:
        """As the proxy does."""
        return self._proxy.prepare(self._there(route))

    def point(self, route: Route, *, again: bool = False) -> None:
        """Lead people to the targets' ports at `address`."""
        self._proxy.point(self._there(route), again=again)

    def remove(self, domain: str) -> None:
        """As the proxy does."""
        self._proxy.remove(domain)

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        """Who answered, as seen from here."""
        answer = self._proxy.ask(self._there(route), path, timeout)
        return replace(answer, target=self._back(answer.target) if answer.target else None)

    def url(self, route: Route) -> str:
        """As the proxy says."""
        return self._proxy.url(self._there(route))

    def close(self) -> None:
        """Close the proxy."""
        self._proxy.close()

    def _there(self, route: Route) -> Route:
        seen = (Target(self._address, one.port) if one.host == HERE else one for one in route.targets)
        return replace(route, targets=tuple(seen))

    def _back(self, target: Target) -> Target:
        return Target(HERE, target.port) if target.host == self._address else target
