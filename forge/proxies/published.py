"""No proxy: people use the target's port on this machine."""

from __future__ import annotations

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyUnavailable
from forge.domain.route import Route
from forge.http import HttpFault, Session
from forge.ports import Answer, ProxyReport


class Published:
    """The proxy port where there is none. Nothing is kept: who listens on the port is who answers."""

    def __init__(self, connection: ProxyConnection, *, http: Session) -> None:
        self._name = connection.name
        self._http = http

    def test(self) -> ProxyReport:
        """Always well."""
        return ProxyReport(
            ok=True, text=f"“{self._name}” needs nothing: people reach each instance on a port of its own"
        )

    def routes(self) -> tuple[Route, ...]:
        """Always empty."""
        return ()

    def prepare(self, route: Route) -> str:
        """Nothing to do."""
        del route
        return ""

    def point(self, route: Route, *, again: bool = False) -> None:
        """Nothing to do."""

    def remove(self, domain: str) -> None:
        """Nothing to do."""

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        """Request `path` of the target itself on a new connection; redirects are not followed."""
        try:
            reply = self._http.request(
                "GET", self.url(route) + path, headers={"Connection": "close"}, timeout=timeout, read_body=False
            )
        except HttpFault as fault:
            raise ProxyUnavailable(f"Nothing answers at {self.url(route)}: {fault.message}") from None
        return Answer(status=reply.status, target=route.target, milliseconds=reply.milliseconds)

    def url(self, route: Route) -> str:
        """http://host:port of the target; the domain plays no part."""
        return f"http://{route.target}"

    def close(self) -> None:
        """Nothing is kept open; the HTTP session is its owner's."""
