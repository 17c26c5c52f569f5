"""Somebody who looks at a page through the proxy all the time."""

from __future__ import annotations

import threading
from http.client import HTTPException


class Visitor:
    """Asks through the proxy all the time, on a fresh connection each, from when it is made until `leave`."""

    def __init__(self, caddy, domain: str) -> None:
        self.asked, self.faults = 0, []
        self._caddy, self._domain = caddy, domain
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)
        self._thread.start()

    def _visit(self) -> None:
        while not self._leaving.wait(0.02):
            self.asked += 1
            try:
                status, body = self._caddy.get(self._domain)
            except (OSError, HTTPException) as error:
                status, body = 0, str(error)
            if status != 200 or not body.strip():
                self.faults.append((status, body[:40]))

    def leave(self) -> None:
        self._leaving.set()
        self._thread.join()
