"""A real Caddy with its admin API on 127.0.0.1 and one foreign route that Forge must leave alone."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.parts.kernel import Migration
from tests.parts.process import Process, find_program, free_port
from tests.parts.web import ask

STRANGER = "stranger.localhost"


class Caddy:
    """`admin` is the admin API's URL, `url` the plain HTTP server's; `port` is that server's port.

    While it runs `net.ipv4.tcp_migrate_req` is 1, as Forge tells people to set it; stop() puts back what it was.
    Where that cannot be written (no root, no Linux) it stays as it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.admin_port = free_port()
        self.admin = f"http://127.0.0.1:{self.admin_port}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Process | None = None
        self._migration = Migration()

    def start(self) -> None:
        """Start it with the foreign route alone: nothing that was set by its API outlives a restart."""
        self._migration.start()
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "caddy.json"
        config.write_text(json.dumps(self.first_config()))
        argv = [find_program("caddy", "caddy"), "run", "--config", str(config)]
        home = {name: str(self.folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
        self._process = Process(argv, log=self.folder / "caddy.log", env=home)
        self._process.start(self._answers, within=15)

    def first_config(self) -> dict[str, Any]:
        """What it starts with."""
        foreign = {
            "@id": "stranger",
            "match": [{"host": [STRANGER]}],
            "handle": [{"handler": "static_response", "body": "I am a stranger's page\n"}],
            "terminal": True,
        }
        server = {
            "listen": [f"127.0.0.1:{self.port}"],
            "automatic_https": {"disable": True},
            "routes": [foreign],
        }
        return {
            "admin": {"listen": f"127.0.0.1:{self.admin_port}", "config": {"persist": False}},
            "apps": {"http": {"grace_period": "1s", "servers": {"main": server}}},
        }

    def _answers(self) -> bool:
        try:
            return self.get(STRANGER)[0] == 200
        except OSError:
            return False

    def version(self) -> tuple[int, ...]:
        """2.6.2 → (2, 6, 2)."""
        said = subprocess.run([find_program("caddy", "caddy"), "version"], capture_output=True, text=True, check=True)
        return tuple(int(part) for part in re.findall(r"\d+", said.stdout.split()[0]))

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.stop(within=5)
        self._migration.stop()

    def kill(self) -> None:
        """It crashes; start() makes it anew, without what Forge told it."""
        if self._process:
            self._process.kill()

    def restart(self) -> None:
        """Stop and start again, which forgets what Forge told it."""
        self.stop()
        self.start()

    def reset(self) -> None:
        """Back to the first config without a restart; for the start of a test."""
        body = json.dumps(self.first_config()).encode()
        status, answer = ask(self.admin_port, "POST", "/load", {"Content-Type": "application/json"}, body)
        if status != 200:
            raise AssertionError(f"Caddy did not take its first config: {answer}")

    def config(self) -> dict[str, Any]:
        """The config that is in force."""
        found: dict[str, Any] = json.loads(ask(self.admin_port, "GET", "/config/", {})[1])
        return found

    def get(self, domain: str, path: str = "/") -> tuple[int, str]:
        """Ask for a page as a browser does that was sent to this domain: (status, body)."""
        return ask(self.port, "GET", path, {"Host": domain})
