"""Forge as a person starts it, and its API as a script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.canaries.watch import Watch

START = 15.0  # seconds until it must answer
SILENCE = 60.0  # seconds without a frame after which a stream is given up


class Forge:
    """`forge serve` on a data folder; `url` and the token are read where it writes them."""

    def __init__(self, data: Path, engine: str) -> None:
        log = (data.parent / "forge.log").open("wb")
        command = [sys.executable, "-m", "forge", "--data", str(data), "serve", "--port", "0"]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, env=_environment(engine))
        log.close()
        self.log = data.parent / "forge.log"
        self.watch = Watch(data, lambda: self._process.poll() is None)
        self.watch.begins(self.log, {})
        self._await(data / "address")
        self.url, token = ((data / name).read_text("utf-8") for name in ("address", "token"))
        self.watch.learn("launch token", token)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {token}"

    def _await(self, address: Path) -> None:
        end = time.monotonic() + START
        while not address.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"Forge did not start:\n{self.log.read_text('utf-8')}")
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; SystemExit with Forge's own sentence if it refuses."""
        self.watch.asked(path, {}, json.dumps(body).encode())
        reply = self._http.request(method, self.url + path, json=body, timeout=30)
        self.watch.answered(method, path, list(reply.headers.items()), reply.content)
        self.watch.sees(self._process.pid)
        if not reply.ok:
            raise SystemExit(f"{method} {path}: {reply.json().get('detail', reply.text)}")
        return reply.json() if reply.content else None

    def events(self, topics: str = "state") -> Iterator[dict[str, Any]]:
        """Frames of the live stream as they come."""
        with self._http.get(
            f"{self.url}/api/events", params={"topics": topics}, stream=True, timeout=(5, SILENCE)
        ) as reply:
            reply.raise_for_status()
            for line in reply.iter_lines(chunk_size=1):
                self.watch.hears("a live stream", line)
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def link(self) -> str:
        """An address that signs a browser in, once."""
        return self.url + self.ask("POST", "/api/session/ticket")["path"]

    def stop(self) -> None:
        """End it; SystemExit if it told or kept a secret where that does not belong."""
        self._http.close()
        self._process.terminate()
        self._process.wait(30)
        if hits := self.watch.verdict():
            raise SystemExit("Secrets leaked:\n" + "\n".join(hits))


def _environment(engine: str) -> dict[str, str]:
    return {**os.environ, "FORGE_ENGINE": engine, "FORGE_LOG_LEVEL": "info"}
