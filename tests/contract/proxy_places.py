"""Where a proxy is tested: the proxy, and what a test does to the world around it."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from typing import Any, Protocol

from forge.domain.connection import ProxyConnection
from forge.domain.route import Target
from forge.domain.secret import Secret
from forge.http import Session
from forge.ports import Proxy
from forge.proxies.caddy import CaddyProxy
from forge.proxies.npm import NpmProxy
from forge.proxies.traefik import TraefikProxy
from tests.fake_proxy import FakeProxy
from tests.npm.carrying import Carrying
from tests.npm.releases import Release
from tests.npm.rows import Row
from tests.npm.server import Npm
from tests.parts.caddy import STRANGER, Caddy
from tests.parts.nginx import Nginx
from tests.parts.process import free_port
from tests.parts.traefik import Traefik

HOME = "t3st"


class Place(Protocol):
    """A proxy under test, and what the test does to the world around it.

    `forgets`: its routes are gone after a restart. `adopts`: it can take over a route that a person made.
    `tells_who_asks`: who sends Forge's header is told, without a word that only Forge knows. `carries_nothing`: there
    is no traffic through it. `balances`: a route may lead to several targets.
    """

    proxy: Proxy
    forgets: bool
    adopts: bool
    tells_who_asks: bool
    carries_nothing: bool
    balances: bool

    def another(self, home: str = HOME) -> Proxy: ...
    def misled(self) -> Proxy: ...
    def take_down(self) -> None: ...
    def restart(self) -> None: ...
    def close(self) -> None: ...
    def strangers(self) -> Any: ...
    def add_stranger(self, domain: str, target: Target | None = None) -> None: ...
    def changes(self) -> int: ...
    def visit(
        self, domain: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse: ...


def request(  # noqa: PLR0917  a request has that many parts
    port: int, domain: str, path: str, method: str, body: bytes | None, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """The answer to a visitor, read to its end: `text` is added to it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {"Host": domain, **headers})
    answer = connection.getresponse()
    answer.text = "" if answer.status == http.client.SWITCHING_PROTOCOLS else answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


class FakePlace:
    forgets, adopts, tells_who_asks, carries_nothing, balances = True, True, False, True, True

    def __init__(self, alive: dict[Target, int]) -> None:
        self.proxy = FakeProxy(answers=alive.get)
        self.proxy.strangers[STRANGER] = None

    def another(self, home: str = HOME) -> Proxy:
        return self.proxy if home == HOME else self.proxy.of_another(home)

    def misled(self) -> Proxy:
        self.proxy.refuse = "The fake proxy refuses: correct what it was told"
        return self.proxy

    def take_down(self) -> None:
        self.proxy.down = True

    def restart(self) -> None:
        self.proxy.restart()

    def close(self) -> None:
        pass

    def strangers(self) -> Any:
        return dict(self.proxy.strangers)

    def add_stranger(self, domain: str, target: Target | None = None) -> None:
        self.proxy.strangers[domain] = target

    def changes(self) -> int:
        return len(self.proxy.changes)

    def visit(
        self, domain: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """The fake carries nothing: the target is asked itself."""
        target = self.proxy.leads(domain)
        if target is None:
            raise ConnectionRefusedError
        answer = request(target.port, domain, path, method, body, headers)
        del answer.headers["X-Forge-Target"]
        return answer


class CaddyPlace:
    forgets, adopts, tells_who_asks, carries_nothing, balances = True, False, True, False, True

    def __init__(self, caddy: Caddy, http_session: Session) -> None:
        caddy.reset()
        self.caddy = caddy
        self._http = http_session
        self.proxy = self.another()

    def another(self, home: str = HOME, **connection: Any) -> CaddyProxy:
        given = {"url": self.caddy.admin, "address": self.caddy.url} | connection
        return CaddyProxy(ProxyConnection(name="front", kind="caddy", **given), home=home, http=self._http)

    def misled(self) -> Proxy:
        return self.another(url=self.caddy.url)

    def take_down(self) -> None:
        self.caddy.stop()

    def restart(self) -> None:
        self.caddy.restart()

    def close(self) -> None:
        try:
            self.caddy.get(STRANGER)
        except OSError:
            self.caddy.start()

    def strangers(self) -> Any:
        config = self.caddy.config()
        main = config["apps"]["http"]["servers"]["main"]
        main["routes"] = [r for r in main["routes"] if not r.get("@id", "").startswith("forge-")]
        return config

    def add_stranger(self, domain: str, target: Target | None = None) -> None:
        handle = {"handler": "static_response", "body": "mine"}
        if target is not None:
            handle = {"handler": "reverse_proxy", "upstreams": [{"dial": str(target)}]}  # type: ignore[dict-item]
        self.edit("POST", {"match": [{"host": [domain]}], "handle": [handle]})

    def edit(self, method: str, value: Any, path: str = "/config/apps/http/servers/main/routes") -> None:
        """What another program or a person does with the admin API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.caddy.admin_port, timeout=5)
        connection.request(method, path, json.dumps(value), {"Content-Type": "application/json"})
        assert connection.getresponse().status == 200
        connection.close()

    def changes(self) -> int:
        """How often Caddy took a changing request since it was started, by its own log."""
        lines = (self.caddy.folder / "caddy.log").read_text().splitlines()
        requests = [entry for line in lines if (entry := _entry(line)).get("msg") == "received request"]
        return sum(entry.get("method") in {"PUT", "POST", "PATCH", "DELETE"} for entry in requests)

    def visit(
        self, domain: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        return request(self.caddy.port, domain, path, method, body, headers)


class NpmPlace:
    """NPM's stand-in of a release over a real nginx; Forge logs in as a user of its own, as the guide says."""

    forgets, adopts, tells_who_asks, carries_nothing, balances = False, True, False, False, False
    LOGIN = ("bot@example.com", "robots only")

    def __init__(self, release: Release, nginx: Nginx, http_session: Session) -> None:
        self.nginx = nginx
        self._http = http_session
        self.npm = Npm(release, Carrying(nginx))
        if release.has_wizard:
            self.npm.rows.add_user("admin@example.com", "changeme", name="A", nickname="A", roles=["admin"])
        self.bot = self.npm.rows.add_user(*self.LOGIN, name="Bot", nickname="Bot", roles=[])
        self.bot.permissions |= {"visibility": "all", "access_lists": "view"}
        self.add_stranger(STRANGER)
        self.proxy = self.another()

    def another(
        self, home: str = HOME, *, password: str = LOGIN[1], environment: Mapping[str, str] | None = None, **given: Any
    ) -> NpmProxy:
        options = {"tls_address": self.nginx.tls_url, **given.pop("options", {})}
        about = {"url": self.npm.url, "address": self.nginx.url, "username": self.LOGIN[0]} | given
        connection = ProxyConnection(name="front", kind="npm", options=options, **about)
        return NpmProxy(connection, Secret(password), home=home, http=self._http, environment=environment or {})

    def misled(self) -> Proxy:
        return self.another(password="wrong")

    def take_down(self) -> None:
        self.nginx.stop()
        self.npm.close()

    def restart(self) -> None:
        """Hosts and logins outlive it."""
        self.nginx.stop()
        self.nginx.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.npm.close()
        assert self.npm.carrying
        self.npm.carrying.clear()
        if not self.nginx.running:
            self.nginx.start()

    def strangers(self) -> Any:
        return [json.dumps(row) for row in self.npm.rows.hosts.values() if "forge" not in row["meta"]]

    def add_stranger(self, domain: str, target: Target | None = None, **fields: Any) -> Row:
        """A host that a person made by hand."""
        leads = target or Target("127.0.0.1", free_port())
        about = {"domain_names": [domain], "forward_host": leads.host, "forward_port": leads.port}
        row = self.npm.rows.add_host(1, about | fields)
        self.npm._carry(row)
        return row

    def changes(self) -> int:
        return sum(method != "GET" and path != "/tokens" for method, path, _ in self.npm.asked)

    def host(self, domain: str) -> Row:
        """The row that NPM keeps for a domain."""
        return next(row for row in self.npm.rows.hosts.values() if domain in row["domain_names"])

    def visit(
        self, domain: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        return request(self.nginx.port, domain, path, method, body, headers)


class TraefikPlace:
    forgets, adopts, tells_who_asks, carries_nothing, balances = False, False, False, False, True

    def __init__(self, traefik: Traefik, http_session: Session) -> None:
        traefik.reset()
        self.traefik = traefik
        self._http = http_session
        self._written = 0
        self._down = False
        self.proxy = self.another()

    def another(self, home: str = HOME, **given: Any) -> TraefikProxy:
        options = {"directory": str(self.traefik.routes), "tls_address": self.traefik.tls_url}
        about = {"url": self.traefik.api, "address": self.traefik.url} | given
        options |= about.pop("options", {})
        connection = ProxyConnection(name="front", kind="traefik", options=options, **about)
        return _Counting(connection, self, home=home, http=self._http)

    def misled(self) -> Proxy:
        return self.another(url=self.traefik.url)

    def take_down(self) -> None:
        self.traefik.stop()
        self._down = True

    def restart(self) -> None:
        self.traefik.stop()
        self.traefik.start()

    def close(self) -> None:
        if self._down:
            self.traefik.start()

    def strangers(self) -> Any:
        return {
            file.name: file.read_text()
            for file in self.traefik.routes.iterdir()
            if not file.name.startswith(f"forge-{HOME}-")
        }

    def add_stranger(self, domain: str, target: Target | None = None) -> None:
        url = f"http://{target or Target('127.0.0.1', free_port())}"
        routers = {domain: {"rule": f"Host(`{domain}`)", "service": domain}}
        services = {domain: {"loadBalancer": {"servers": [{"url": url}]}}}
        text = json.dumps({"http": {"routers": routers, "services": services}})
        (self.traefik.routes / f"by-hand-{domain}.yml").write_text(text)
        self.traefik.until_it_has(f"{domain}@file")

    def changes(self) -> int:
        return self._written

    def wrote(self) -> None:
        self._written += 1

    def visit(
        self, domain: str, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        return request(self.traefik.port, domain, path, method, body, headers)


class _Counting(TraefikProxy):
    """Tells the place of each file that is written or deleted."""

    def __init__(self, connection: ProxyConnection, place: TraefikPlace, **more: Any) -> None:
        super().__init__(connection, **more)
        folder = self._folder
        write, delete = folder.write, folder.delete

        def written(domain: str, configuration: Mapping[str, Any]) -> None:
            place.wrote()
            write(domain, configuration)

        def deleted(domain: str) -> bool:
            there = delete(domain)
            if there:
                place.wrote()
            return there

        folder.write, folder.delete = written, deleted  # type: ignore[method-assign]


def _entry(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found
