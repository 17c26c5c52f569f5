"""People who use the service through Caddy while it is replaced."""

from __future__ import annotations

import threading
import time
from collections import Counter

from tests.parts.caddy import Caddy

PAUSE = 0.01  # seconds between requests of one visitor


class Visitors:
    """A few threads that ask for one domain, on a fresh connection each time; count and answers are kept."""

    def __init__(self, caddy: Caddy, domain: str, number: int = 3) -> None:
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0
        self._caddy, self._domain = caddy, domain
        self._leaving, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    @property
    def asked(self) -> int:
        return sum(self.answers.values()) + len(self.faults)

    def _visit(self) -> None:
        while not self._leaving.wait(PAUSE):
            began = time.monotonic()
            try:
                status, body = self._caddy.get(self._domain)
                fault = "" if status == 200 else f"{status}"
            except OSError as error:
                fault, body = f"{type(error).__name__}", ""
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - began)
                if fault:
                    self.faults.append(fault)
                else:
                    self.answers[body.strip()] += 1

    def leave(self) -> None:
        self._leaving.set()
        for thread in self._threads:
            thread.join()
