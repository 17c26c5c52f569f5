"""A town in its own process, as tests, benchmarks and the pictures start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import requests
from playwright.sync_api import Browser

from forge.api.cookies import COOKIE
from tests.browser.chromium import Person
from tests.canaries.watch import Watch

ROOT = Path(__file__).parents[2]


class Town:
    """`url` is where Forge answers, `places` the names that its screens' addresses need."""

    def __init__(self, folder: Path, kind: str) -> None:
        command = [sys.executable, "-m", "tests.browser.town", str(folder), kind]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.log = folder.parent / f"{folder.name}.log"
        self.watch = Watch(folder, lambda: self._process.poll() is None)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.watch.begins(self.log, {})
        told = self.answer()
        self.url: str = told["url"]
        self.token: str = told["token"]
        self.places: dict[str, Any] = told["places"]
        self.watch.secrets |= told["secrets"] | {self.token: "launch token"}

    def person(self, browser: Browser, **look: Any) -> Person:
        """Somebody who is signed in."""
        person = Person(browser, self.url, **look)
        person.context.add_cookies([{"name": COOKIE, "value": self.session(), "url": self.url}])
        return person

    def session(self) -> str:
        """The cookie of a new session."""
        answer = requests.post(f"{self.url}/api/session", json={"token": self.token}, timeout=10)
        assert answer.ok, answer.text
        self.watch.learn("session", answer.cookies[COOKIE])
        return answer.cookies[COOKIE]

    def begin(self, what: str, *, rate: int, seconds: float) -> None:
        """Let `events` or `lines` come; `answer` waits for the end of that."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {rate} {seconds}\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the town ended:\n{self.log.read_text('utf-8', 'replace')[-4000:]}"
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.watch.looks()
        assert self._process.stdout is not None
        self._process.stdout.close()
