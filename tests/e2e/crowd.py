"""People who visit all the time while something is changed."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Pages(Protocol):
    """Where a visitor of a domain gets a page."""

    def page(self, domain: str, path: str = "/") -> tuple[int, str]: ...


class Crowd:
    """Visitors of a domain on fresh connections: about `rate` requests a second, and a slow one every half second."""

    def __init__(self, house: Pages, domain: str, rate: float = 100) -> None:
        self.answers: list[str] = []
        self.faults: list[object] = []
        self.slow: list[tuple[int, str]] = []
        self._house, self._domain, self._pause = house, domain, 4 / rate
        self._leaving = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(4)]
        self._threads.append(threading.Thread(target=self._visit_slowly))
        self._inside: list[threading.Thread] = []
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def _visit(self) -> None:
        following = time.monotonic()
        while not self._leaving.wait(max(0.0, following - time.monotonic())):
            following = max(following + self._pause, time.monotonic() - 0.1)
            try:
                status, body = self._house.page(self._domain)
            except OSError as error:
                self.faults.append(error)
                continue
            (self.answers if status == 200 and body else self.faults).append(body if status == 200 else status)

    def _visit_slowly(self) -> None:
        while not self._leaving.wait(0.5):
            self._inside.append(threading.Thread(target=self._one_slow))
            self._inside[-1].start()

    def _one_slow(self) -> None:
        try:
            self.slow.append(self._house.page(self._domain, "/cgi-bin/slow?2"))
        except OSError as error:
            self.slow.append((0, str(error)))

    def leave(self) -> float:
        """Let everybody finish; requests a second."""
        self._leaving.set()
        for thread in [*self._threads, *self._inside]:
            thread.join()
        return len(self.answers) / (time.monotonic() - self._began)
