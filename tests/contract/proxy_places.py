"""Where a proxy is tested: the proxy, and what a test does to the world around it."""

from __future__ import annotations

import http.client
import json
from typing import Any, Protocol

from forge.domain.connection import ProxyConnection
from forge.domain.route import Target
from forge.http import Session
from forge.ports import Proxy
from forge.proxies.caddy import CaddyProxy
from tests.fake_proxy import FakeProxy
from tests.parts.caddy import STRANGER, Caddy

HOME = "t3st"


class Place(Protocol):
    """A proxy under test, and what the test does to the world around it."""

    proxy: Proxy

    def another(self) -> Proxy: ...
    def take_down(self) -> None: ...
    def restart(self) -> None: ...
    def strangers(self) -> Any: ...
    def add_stranger(self, domain: str) -> None: ...
    def changes(self) -> int: ...


class FakePlace:
    def __init__(self, alive: dict[Target, int]) -> None:
        self.proxy = FakeProxy(answers=alive.get)
        self.proxy.strangers.add(STRANGER)

    def another(self) -> Proxy:
        return self.proxy

    def take_down(self) -> None:
        self.proxy.down = True

    def restart(self) -> None:
        self.proxy.restart()

    def strangers(self) -> Any:
        return sorted(self.proxy.strangers)

    def add_stranger(self, domain: str) -> None:
        self.proxy.strangers.add(domain)

    def changes(self) -> int:
        return len(self.proxy.changes)


class CaddyPlace:
    def __init__(self, caddy: Caddy, http_session: Session) -> None:
        caddy.reset()
        self.caddy = caddy
        self._http = http_session
        self.proxy = self.another()

    def another(self, home: str = HOME, **connection: Any) -> CaddyProxy:
        given = {"url": self.caddy.admin, "address": self.caddy.url} | connection
        return CaddyProxy(ProxyConnection(name="front", kind="caddy", **given), home=home, http=self._http)

    def take_down(self) -> None:
        self.caddy.stop()

    def restart(self) -> None:
        self.caddy.restart()

    def strangers(self) -> Any:
        config = self.caddy.config()
        main = config["apps"]["http"]["servers"]["main"]
        main["routes"] = [r for r in main["routes"] if not r.get("@id", "").startswith("forge-")]
        return config

    def add_stranger(self, domain: str) -> None:
        self.edit("POST", {"match": [{"host": [domain]}], "handle": [{"handler": "static_response", "body": "mine"}]})

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


def _entry(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found
