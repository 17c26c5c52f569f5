"""What the tests of NpmProxy share: an NPM of some release with a user for Forge."""

from __future__ import annotations

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.domain.secret import Secret
from forge.http import Session
from forge.proxies.npm import NpmProxy
from tests.npm.releases import Release
from tests.npm.server import Npm

DOMAIN = "dev-shop.example.org"
ROUTE = Route(DOMAIN, (Target("127.0.0.1", 20001),))
LOGIN = ("bot@example.com", "robots only")


class World:
    """An NPM with a user for Forge, who may what the guide says."""

    def __init__(self, release: Release, http: Session) -> None:
        self.npm = Npm(release)
        if release.has_wizard:
            self.npm.rows.add_user("admin@example.com", "changeme", name="A", nickname="A", roles=["admin"])
        self.bot = self.npm.rows.add_user(*LOGIN, name="Bot", nickname="Bot", roles=[])
        self.bot.permissions["visibility"] = "all"
        self._http = http
        self.proxy = self.make()

    def make(self, *, password: str = LOGIN[1], environment: dict[str, str] | None = None, **given) -> NpmProxy:
        about = {"url": self.npm.url, "username": LOGIN[0]} | given
        return NpmProxy(
            ProxyConnection(name="front", kind="npm", **about), Secret(password) if password else None, home="h1",
            http=self._http, environment=environment or {}, sleep=self._sleep,
        )  # fmt: skip

    def _sleep(self, _: float) -> None:
        """While Forge waits, NPM comes back."""
        self.npm.troubles.away = 0

    def sent(self, method: str) -> list:
        """The bodies of all requests about hosts and certificates with a method."""
        return [body for verb, path, body in self.npm.asked if verb == method and path != "/tokens"]

    def host(self) -> dict:
        return next(row for row in self.npm.rows.hosts.values() if DOMAIN in row["domain_names"])

    def by_hand(self, **fields) -> dict:
        about = {"domain_names": [DOMAIN], "forward_host": "10.0.0.9", "forward_port": 80} | fields
        row = self.npm.rows.add_host(1, about)
        self.npm._carry(row)
        return row


def code(call) -> str:
    with pytest.raises(ProxyError) as error:
        call()
    return error.value.code
