"""The guides in docs/proxies are followed, every command as it is written; only addresses are put for others."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import pytest

from tests.e2e.live import until
from tests.npm.carrying import Carrying
from tests.npm.releases import RECORDED
from tests.npm.server import Npm
from tests.parts import images
from tests.parts.process import free_port
from tests.parts.web import ask

pytestmark = pytest.mark.real
GUIDES = Path(__file__).parents[2] / "docs/proxies"
PASSWORD = "the password of step 1"
IMAGE = "registry.example.org/shop"


class Reader:
    """Somebody at a terminal with Forge running, who follows a guide."""

    def __init__(self, house) -> None:
        self._house = house
        self.forge = house.forge
        self.said: list[str] = []

    def follow(self, guide: str, places: dict[str, str]) -> None:
        """Type every command of Forge's in `guide`; `places` are what addresses of the guide are here."""
        text = (GUIDES / f"{guide}.md").read_text("utf-8")
        typed = re.findall(r"^    (export|forge) (.*)$", text, re.MULTILINE)
        assert len(typed) >= 3
        exported: dict[str, str] = {}
        for program, line in typed:
            words = shlex.split(self._here(line, places))
            if program == "export":
                exported |= [words[0].split("=", 1)]
                continue
            run = self.forge.type(*words, **exported)
            assert run.returncode == 0, f"forge {line}\n{run.stdout}{run.stderr}"
            self.said.append(run.stdout)

    def _here(self, line: str, places: dict[str, str]) -> str:
        for there, here in {IMAGE: f"{self._house.registry.address}/shop", **places}.items():
            line = re.sub(rf"{re.escape(there)}(?![0-9])", here, line)
        return line


@pytest.fixture
def reader(house):
    images.push(house.registry, "shop", "dev-1")
    yield Reader(house)
    house.settings(default_proxy="published")
    house.forge.do("DELETE", "/api/projects/shop")
    if "caddy" not in {one["name"] for one in house.forge.get("/api/proxies")}:
        house.furnish_proxy()


def page(port: int) -> tuple[int, str]:
    return ask(port, "GET", "/", {"Host": "dev-shop.localhost"})


def test_the_guide_for_nginx_proxy_manager(reader, nginx_part):
    npm = Npm(RECORDED[-1], Carrying(nginx_part))
    try:
        npm.rows.add_user("admin@example.com", "changeme", name="A", nickname="A", roles=["admin"])
        bot = npm.rows.add_user("forge@example.com", PASSWORD, name="Forge", nickname="Forge", roles=[])
        view = {"proxy_hosts": "manage", "certificates": "view"}
        bot.permissions |= dict.fromkeys(bot.permissions, "hidden") | {"visibility": "all"} | view
        reader.follow("npm", {"http://127.0.0.1:81": npm.url, "http://127.0.0.1:80": nginx_part.url})
        assert page(nginx_part.port) == (200, "dev-1\n")
        assert any("Nginx Proxy Manager 2.15.1 answers" in said for said in reader.said)
        reader.forge.do("DELETE", "/api/projects/shop/stages/dev")
        until(lambda: not npm.rows.hosts, "its host is gone")
    finally:
        with contextlib.suppress(OSError):
            npm.close()
        npm.carrying.clear()


def test_the_guide_for_caddy(reader, house):
    house.settings(default_proxy="published")
    reader.forge.do("DELETE", "/api/proxies/caddy")
    reader.follow("caddy", {"http://127.0.0.1:2019": house.caddy.admin, "http://127.0.0.1:80": house.caddy.url})
    assert page(house.caddy.port) == (200, "dev-1\n")


def test_the_guide_for_traefik(reader, traefik_part):
    places = {"http://127.0.0.1:8080": traefik_part.api, "http://127.0.0.1:80": traefik_part.url}
    reader.follow("traefik", places | {"/etc/traefik/forge": str(traefik_part.routes)})
    assert page(traefik_part.port) == (200, "dev-1\n")
    assert any("Traefik 3." in said for said in reader.said)


def test_the_guide_for_none(reader, house):
    house.settings(default_proxy="published")
    port = free_port()
    reader.follow("none", {"publish=8080": f"publish={port}"})
    (instance,) = reader.forge.instances("shop/dev")
    assert instance["url"] in reader.said[2]
    images.push(house.registry, "shop", "dev-2")
    assert reader.forge.deploy("shop/dev", "dev-2")["status"] == "succeeded"
    assert page(port) == (200, "dev-2\n")
