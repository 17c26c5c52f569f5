"""A reader of Forge's live stream, as a browser's EventSource would be."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self


def until(holds: Callable[[], bool], what: str, patience: float = 30, pause: float = 0.05) -> None:
    """Ask now and then until `holds()`; fail with `what` if it does not come."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"It did not come about that {what}")
        time.sleep(pause)


@dataclass(frozen=True, slots=True)
class Frame:
    """What came: `id` None where the frame had none, `at` when (monotonic seconds)."""

    id: str | None
    type: str
    payload: Any
    at: float


class Live:
    """Reads in a thread of its own. `frames` is everything so far; `ended` that the stream is over; `hears` is given
    each line.
    """

    def __init__(
        self,
        port: int,
        path: str,
        token: str,
        last: str | None = None,
        *,
        hears: Callable[[str, bytes], None] = lambda _place, _said: None,
    ) -> None:
        self.frames: list[Frame] = []
        self._hears = hears
        self.ended = False
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self._connection.request("GET", path, headers=headers)
        self._socket = self._connection.sock
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        found: dict[str, str] = {}
        with suppress(OSError, http.client.HTTPException, ValueError):
            while line := self._answer.readline():
                self._hears("a live stream", line)
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    found[name] = value
                elif "data" in found:
                    self._take(found)
                    found = {}
        self.ended = True

    def _take(self, found: dict[str, str]) -> None:
        told = json.loads(found["data"])
        self.frames.append(Frame(found.get("id"), told["type"], told["payload"], time.monotonic()))

    def of(self, type_: str) -> list[Any]:
        """The payloads of one type, in order."""
        return [frame.payload for frame in list(self.frames) if frame.type == type_]

    def kept(self) -> list[tuple[str | None, str, Any]]:
        """What has a number in the store: can be told again."""
        return [(f.id, f.type, f.payload) for f in list(self.frames) if f.id is not None and f.id.isdigit()]

    def wait(self, holds: Callable[[Frame], bool], what: str, patience: float = 30) -> Frame:
        """The first frame for which it holds, when it is there."""
        until(lambda: any(map(holds, list(self.frames))), what, patience, pause=0.02)
        return next(filter(holds, self.frames))

    def wait_deploy(self, status: str, tag: str, patience: float = 30) -> Frame:
        """The frame that says that the deploy of `tag` is in `status`."""

        def holds(frame: Frame) -> bool:
            return frame.type == "deploy_status" and (frame.payload["status"], frame.payload["tag"]) == (status, tag)

        return self.wait(holds, f"{tag} {status} is told", patience)

    def close(self) -> None:
        """Leave, as somebody who closes the window."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._answer.close()
        self._socket.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
