"""Nginx Proxy Manager leads people: nobody notices a deploy, and what goes wrong in NPM is taken back."""

from __future__ import annotations

import contextlib

import pytest

from tests.canaries.kinds import canary
from tests.e2e.conftest import HTTP, stage
from tests.e2e.crowd import Crowd
from tests.e2e.live import until
from tests.npm.carrying import Carrying
from tests.npm.releases import RECORDED
from tests.npm.server import Npm
from tests.parts import images
from tests.parts.web import ask

pytestmark = pytest.mark.real
LOGIN = {"username": "bot@example.com", "password": canary()}


class NpmHouse:
    """The newest recorded release over a real nginx, told to the house's Forge."""

    def __init__(self, house, nginx) -> None:
        self.house, self.nginx = house, nginx
        self.npm = Npm(RECORDED[-1], Carrying(nginx))
        self.npm.rows.add_user("admin@example.com", "changeme", name="A", nickname="A", roles=["admin"])
        bot = self.npm.rows.add_user(*LOGIN.values(), name="Bot", nickname="Bot", roles=[])
        bot.permissions["visibility"] = "all"
        house.forge.do("POST", "/api/proxies", self.proxy("npm"))

    def proxy(self, name: str) -> dict[str, str]:
        """What Forge is told of it."""
        return {"name": name, "kind": "npm", "url": self.npm.url, "address": self.nginx.url, **LOGIN}

    def page(self, domain: str, path: str = "/") -> tuple[int, str]:
        """What a visitor sees at a domain below localhost."""
        return ask(self.nginx.port, "GET", path, {"Host": f"{domain}.localhost"})

    def host(self, domain: str) -> dict:
        return next(row for row in self.npm.rows.hosts.values() if f"{domain}.localhost" in row["domain_names"])


@pytest.fixture(scope="module")
def npm_house(house, nginx_part):
    made = NpmHouse(house, nginx_part)
    yield made
    with contextlib.suppress(OSError):
        made.npm.close()
    made.npm.carrying.clear()


def test_it_is_tried_before_it_is_used(npm_house):
    forge = npm_house.house.forge
    told = forge.do("POST", "/api/proxies/npm/test", {})
    assert (told["ok"], told["version"]) == (True, "2.15.1")
    forge.do("POST", "/api/proxies", {**npm_house.proxy("wrong"), "password": canary("wrong")})
    wrong = forge.do("POST", "/api/proxies/wrong/test", {})
    assert (wrong["ok"], wrong["fault"], wrong["version"]) == (False, "login", "2.15.1")
    forge.do("DELETE", "/api/proxies/wrong")
    proxy = forge.get("/api/proxies/npm")
    assert (proxy["has_password"], proxy["username"]) == (True, LOGIN["username"])
    status, sentence = forge.refused("POST", "/api/proxies", {"name": "other", "kind": "npm", "url": npm_house.npm.url})
    assert status == 422
    assert "needs a login" in sentence


def test_nobody_notices_a_deploy_and_a_broken_one_is_taken_back(npm_house):
    house, forge = npm_house.house, npm_house.house.forge
    body = {"proxy": "npm", "route": {"block_exploits": "true"}}
    house.project("lively", stage("dev", drain=1, stop_timeout=10), **body, health={**HTTP, "timeout": 5})
    for tag in ("dev-1", "dev-2", "dev-3"):
        images.push(house.registry, "lively", tag, kind="slow_requests")
    images.push(house.registry, "lively", "dev-4", kind="unhealthy")
    assert forge.deploy("lively/dev", "dev-1")["status"] == "succeeded"
    assert npm_house.host("dev-lively")["block_exploits"]
    crowd = Crowd(npm_house, "dev-lively")
    try:
        for tag, wanted in (("dev-2", "succeeded"), ("dev-3", "succeeded"), ("dev-4", "failed")):
            until(lambda: crowd.slow[-1:], "slow visitors are served")
            assert forge.deploy("lively/dev", tag)["status"] == wanted
    finally:
        rate = crowd.leave()
    print(f"{len(crowd.answers)} requests at {rate:.0f} a second, {len(crowd.slow)} slow, {len(crowd.faults)} failed")
    assert crowd.faults == []
    assert [status for status, _ in crowd.slow] == [200] * len(crowd.slow)
    assert set(crowd.answers) == {"dev-1\n", "dev-2\n", "dev-3\n"}
    assert crowd.answers[-1] == "dev-3\n"
    assert len(crowd.answers) > 100


def test_a_switch_that_breaks_in_npm_is_taken_back(npm_house):
    house, forge = npm_house.house, npm_house.house.forge
    house.project("fragile", proxy="npm")
    for tag in ("dev-1", "dev-2"):
        images.push(house.registry, "fragile", tag)
    assert forge.deploy("fragile/dev", "dev-1")["status"] == "succeeded"
    npm_house.npm.troubles.put = 1  # the row is changed, and nginx never hears of it
    failed = forge.deploy("fragile/dev", "dev-2")
    assert (failed["status"], failed["failed_step"]) == ("failed", "switch route")
    assert "look at its log" in failed["failure"]
    assert npm_house.page("dev-fragile") == (200, "dev-1\n")
    forge.do("DELETE", "/api/projects/fragile")
    until(lambda: npm_house.page("dev-fragile") == (200, "Congratulations!"), "nobody is led there any more")


def test_what_a_person_made_by_hand_is_taken_over_when_told_and_given_back(npm_house):
    house, forge = npm_house.house, npm_house.house.forge
    row = npm_house.npm.rows.add_host(1, {"domain_names": ["dev-old.localhost"], "forward_host": "127.0.0.1",
                                          "forward_port": house.caddy.port})  # fmt: skip
    npm_house.npm._carry(row)
    house.project("old", proxy="npm")
    images.push(house.registry, "old", "dev-1")
    refused = forge.deploy("old/dev", "dev-1")
    assert (refused["status"], refused["failed_step"]) == ("failed", "switch route")
    assert "adopt=true" in refused["failure"]
    project = {"image": f"{house.registry.address}/old", "port": 8080, "health": HTTP, "proxy": "npm"}
    assert forge.refused("PUT", "/api/projects/old", {**project, "route": {"adpt": "true"}})[0] == 422
    forge.do("PUT", "/api/projects/old", {**project, "route": {"adopt": "true"}})
    assert forge.deploy("old/dev", "dev-1")["status"] == "succeeded"
    assert npm_house.page("dev-old") == (200, "dev-1\n")
    forge.do("DELETE", "/api/projects/old")
    until(lambda: row["forward_port"] == house.caddy.port and "forge" not in row["meta"], "it is what it was")
