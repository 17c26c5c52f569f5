"""What the tests of the whole share: a Forge as people run it, with the real parts told to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.forge_process import ForgeProcess
from tests.e2e.live import until
from tests.parts.caddy import Caddy
from tests.parts.engine import Engine
from tests.parts.registry import Registry

HTTP = {"kind": "http", "path": "/healthz", "timeout": 20}


class House:
    """A running Forge, and the parts it was told about: `registry`, `engine`, `caddy`."""

    def __init__(self, forge: ForgeProcess, engine: Engine, registry: Registry, caddy: Caddy) -> None:
        self.forge, self.engine, self.registry, self.caddy = forge, engine, registry, caddy

    def furnish(self) -> None:
        """Tell Forge about the parts. Nothing is polled, and Caddy serves what does not say otherwise."""
        self.furnish_proxy()
        self.forge.do("POST", "/api/registries", {"name": "parts", "url": self.registry.url, "interval": 0})
        self.settings()

    def furnish_proxy(self) -> None:
        """Tell Forge about Caddy."""
        proxy = {"name": "caddy", "kind": "caddy", "url": self.caddy.admin, "address": self.caddy.url}
        self.forge.do("POST", "/api/proxies", proxy)

    def settings(self, **more: Any) -> None:
        """Settings for tests: Caddy by default, and a disk that is never too full."""
        self.forge.do("PUT", "/api/settings", {"default_proxy": "caddy", "free_disk": 0, **more})

    def project(self, name: str, *stages: dict[str, Any], **more: Any) -> Any:
        """A project of the registry's image of that name, with a stage `dev` if none is given."""
        given = stages or (stage("dev"),)
        body = {"name": name, "image": f"{self.registry.address}/{name}", "port": 8080, "health": HTTP}
        return self.forge.do("POST", "/api/projects", {**body, "stages": list(given), **more})

    def page(self, domain: str, path: str = "/") -> tuple[int, str]:
        """What a visitor sees at a domain below localhost."""
        return self.caddy.get(f"{domain}.localhost", path)

    def leads_nowhere(self, domain: str) -> None:
        """Wait until visitors of a domain below localhost are led to nobody: the proxy may go on for a moment."""
        until(lambda: self.page(domain) == self.page("nobody-is-here"), f"nobody is led to {domain}")

    def hook(self) -> str:
        """The path of the webhook."""
        found: str = self.forge.get("/api/settings/webhook")["path"]
        return found


def stage(name: str, **more: Any) -> dict[str, Any]:
    """A stage of the tags `NAME-…`, whose old instances drain for a moment: a busy proxy may still hand them a request
    that came before the switch.
    """
    return {"name": name, "pattern": f"glob:{name}-*", "drain": 0.3, "bake": 0, "stop_timeout": 5, **more}


@pytest.fixture(scope="module")
def start_forge(tmp_path_factory: pytest.TempPathFactory, engine_part: Engine) -> Iterator[Callable[..., ForgeProcess]]:
    """Start a Forge with some settings; at the end it is ended, and its log shows nothing to be ashamed of."""
    started: list[ForgeProcess] = []

    def start(name: str = "forge", **settings: str) -> ForgeProcess:
        folder: Path = tmp_path_factory.mktemp(name)
        forge = ForgeProcess(folder / "data", **{"FORGE_ENGINE": engine_part.url, **settings})
        started.append(forge)
        forge.start()
        return forge

    yield start
    codes = [forge.stop()[0] for forge in started if forge.running()]
    assert (set(codes) <= {0}, [line for forge in started for line in forge.faults()]) == (True, [])


@pytest.fixture(scope="module")
def house(
    start_forge: Callable[..., ForgeProcess], engine_part: Engine, registry_part: Registry, caddy_part: Caddy
) -> Iterator[House]:
    """One for a module."""
    caddy_part.reset()
    house = House(start_forge(), engine_part, registry_part, caddy_part)
    house.furnish()
    yield house
    engine_part.clear()
    caddy_part.reset()
