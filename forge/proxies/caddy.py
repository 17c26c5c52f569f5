"""The proxy port on Caddy: one route per domain, told to its admin API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route
from forge.http import HttpFault, Session, is_loopback
from forge.ports import Answer, ProxyReport
from forge.proxies import asking
from forge.proxies import caddy_config as config
from forge.proxies.asking import ASK_HEADER, TARGET_HEADER
from forge.proxies.caddy_admin import Admin, Moved

ATTEMPTS = 10
PAUSE = 0.02  # seconds before a change that came too late is decided again
MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")


class CaddyProxy:
    """Routes in the Caddy that `connection` names. `home` is this Forge's data folder, as a short word: routes
    of another home are strangers'. `http` asks as people do.
    """

    def __init__(
        self,
        connection: ProxyConnection,
        *,
        home: str,
        http: Session,
        sleep: Callable[[float], None] = time.sleep,
        migrate: Path = MIGRATE,
    ) -> None:
        self._connection = connection
        self._home = home
        self._http = http
        self._sleep = sleep
        self._migrate = migrate
        self._admin = Admin(connection.url or "")
        self._changing = threading.Lock()
        self._streams = True  # until this Caddy says that it knows no such thing

    def test(self) -> ProxyReport:
        """Ask, and say exactly what is wrong; never raises. Caddy does not tell its version."""
        try:
            servers, _ = self._servers()
            name = config.choose_server(servers, self._connection)
        except (ProxyError, ProxyUnavailable) as error:
            return ProxyReport(ok=False, text=error.message)
        address = self._connection.address
        if address is None:
            text = "Caddy answers, but the proxy has no address: give the one on which people reach it"
            return ProxyReport(ok=False, text=f"{text}, such as http://127.0.0.1:80")
        if name is None:
            text = f"Caddy answers. It has no server yet: Forge will make one for {address} with the first route"
            return ProxyReport(ok=True, text=text)
        wrong = self._elsewhere(name, servers[name], address)
        return ProxyReport(ok=not wrong, text=wrong or f"Caddy answers at {address}{self._hint()}{self._old()}")

    def routes(self) -> tuple[Route, ...]:
        """The routes with Forge's mark, as Caddy has them now."""
        servers, _ = self._servers()
        return config.own_routes(servers, self._home)

    def prepare(self, route: Route) -> str:
        """Caddy asks for certificates itself."""
        del route
        return ""

    def point(self, route: Route, *, again: bool = False) -> None:
        """Lead `route.domain` to `route.targets`; nothing is sent if it leads there, unless `again`."""
        try:
            self._point(route, again=again)
        except ProxyError as error:
            if not self._streams or config.CLOSE_DELAY not in error.message:
                raise
            self._streams = False  # this Caddy is older than 2.7: a change closes its websockets
            self._point(route, again=again)

    def remove(self, domain: str) -> None:
        """Take Forge's route for `domain` away, however often it is there."""
        while self._settle(lambda servers: config.plan_remove(servers, self._home, domain)):
            pass

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        """Request `path` of `route.domain` on a new connection; redirects are not followed."""
        heard = asking.ask(self._connection.address, route.domain, path, timeout=timeout, headers={ASK_HEADER: "1"})
        told = heard.headers.get(TARGET_HEADER, "")
        return Answer(status=heard.status, target=asking.parse_target(told), milliseconds=heard.milliseconds)

    def url(self, route: Route) -> str:
        """http(s)://domain, with the port if it is not the scheme's own."""
        return asking.address_of(self._connection.address or "http://unknown", route.domain)

    def close(self) -> None:
        """Nothing is kept open; the HTTP session is its owner's."""

    def _point(self, route: Route, *, again: bool) -> None:
        self._settle(
            lambda servers: config.plan_point(
                servers, self._connection, self._home, route, streams=self._streams, again=again
            )
        )

    def _servers(self) -> tuple[Mapping[str, Any], str]:
        part = self._admin.read(config.SERVERS)
        servers = {} if part.value is None else part.value
        if not isinstance(servers, dict) or not all(isinstance(server, dict) for server in servers.values()):
            raise ProxyError(
                "Caddy's list of servers is not what Forge knows: correct the proxy's url", code="not_caddy"
            )
        return servers, part.etag

    def _settle(self, plan: Callable[[Mapping[str, Any]], config.Change | None]) -> bool:
        """Read, plan, change until nobody came between; whether anything had to be changed."""
        with self._changing:
            for _ in range(ATTEMPTS):
                servers, etag = self._servers()
                change = plan(servers)
                if change is None:
                    return False
                try:
                    self._admin.change(change.method, change.path, change.value, etag)
                except Moved:
                    self._sleep(PAUSE)
                else:
                    return True
        raise ProxyError("Somebody else keeps changing Caddy's configuration: try again in a moment", code="busy")

    def _elsewhere(self, name: str, server: Mapping[str, Any], address: str) -> str:
        """What is wrong with `address`; "" if Caddy's server answers there."""
        listen = ", ".join(map(str, server.get("listen") or ["nothing"]))
        say = f"Caddy's server “{name}” listens on {listen}, but"
        todo = "correct the proxy's address, or name another server in its option “server”"
        fits = config.listens(server, config.port_of(address))
        try:
            reply = self._http.request("GET", address, headers={"Connection": "close"}, timeout=5, read_body=False)
        except HttpFault as fault:
            answers = fault.fault in {"certificate", "answer"} and fits  # TLS for the address' own name need not work
            return "" if answers else f"{say} nothing answers at {address}: {todo}"
        is_caddy = fits or "caddy" in reply.headers.get("Server", "").lower()
        return "" if is_caddy else f"{say} another program answers at {address}: {todo}"

    def _old(self) -> str:
        todo = "Websockets are closed whenever a route changes: Caddy 2.7 and newer keeps them open"
        return "" if self._streams else f". {todo}"

    def _hint(self) -> str:
        """What to set so that a switch resets nobody: Caddy reopens its port, and Linux drops who waits at the old."""
        if not is_loopback(urlsplit(self._connection.url or "").hostname or ""):
            return ""
        try:
            moves = self._migrate.read_text(encoding="ascii").strip() != "0"
        except OSError:
            return ""
        todo = "To never lose a new connection at a switch under load: sysctl -w net.ipv4.tcp_migrate_req=1"
        return "" if moves else f". {todo}"
