"""A real Traefik that follows the files of a folder, with one foreign route that Forge must leave alone."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.parts.process import Process, find_program, free_port
from tests.parts.web import ask

STRANGER = "stranger.localhost"


class Traefik:
    """`api` is its API's URL, `url` and `tls_url` where it listens for people, `routes` the folder that it follows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.routes = folder / "routes"
        self.port, self.tls_port, self.api_port = free_port(), free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{self.port}", f"https://127.0.0.1:{self.tls_port}"
        self.api = f"http://127.0.0.1:{self.api_port}"
        self._process: Process | None = None

    def start(self) -> None:
        """Start it with the foreign route; what other files say stays."""
        self.routes.mkdir(parents=True, exist_ok=True)
        stranger = {"routers": {"stranger": {"rule": f"Host(`{STRANGER}`)", "service": "noop@internal"}}}
        (self.routes / "stranger.yml").write_text(json.dumps({"http": stranger}))
        config = self.folder / "traefik.yml"
        config.write_text(json.dumps(self._static()))
        program = find_program("traefik", "traefik", beside=Path(sys.executable).parent)
        self._process = Process([program, f"--configfile={config}"], log=self.folder / "traefik.log")
        self._process.start(self._answers, within=30)

    def _static(self) -> dict[str, Any]:
        entries = {"web": self.port, "websecure": self.tls_port, "traefik": self.api_port}
        return {
            "entryPoints": {name: {"address": f"127.0.0.1:{port}"} for name, port in entries.items()},
            "api": {"insecure": True},
            "providers": {
                "providersThrottleDuration": "20ms",
                "file": {"directory": str(self.routes), "watch": True},
            },
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        }

    def reset(self) -> None:
        """Only the foreign route is left."""
        for file in self.routes.iterdir():
            if file.name != "stranger.yml":
                file.unlink()
        self._until(lambda: self._read() == {"stranger@file"})

    def until_it_has(self, router: str) -> None:
        """Return when it has read a file that somebody wrote."""
        self._until(lambda: router in self._read())

    def _until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"Traefik has read {self._read()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        return "stranger@file" in self._read()

    def _read(self) -> set[str]:
        """The routers of its files."""
        try:
            routers = json.loads(ask(self.api_port, "GET", "/api/http/routers", {})[1])
        except (OSError, ValueError):
            return set()
        return {one["name"] for one in routers if one["provider"] == "file"}

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.stop(within=5)
            self._process = None
