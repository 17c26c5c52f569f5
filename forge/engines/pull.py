"""Pulling an image: layer by layer, cancellable, and believed only when the engine has that very digest."""

from __future__ import annotations

import base64
import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Self

from forge.domain.errors import EngineError, ForgeError
from forge.engines import errors, reading
from forge.engines.link import Link
from forge.engines.wire import Stream
from forge.ports import LayerProgress, Login

_GLANCE = 0.2  # seconds between looks at `cancelled` while the engine says nothing
_AHEAD = 1000  # lines read before they are reported

Line = dict[str, Any]


def pull(
    link: Link,
    image: str,
    login: Login | None,
    progress: Callable[[LayerProgress], None],
    cancelled: Callable[[], bool],
) -> None:
    """See Engine.pull. EngineError codes: cancelled, disk_full, registry_login, registry_limit,
    registry_unreachable, no_image, engine_error.
    """
    name, _, digest = image.partition("@")
    secrets = (login.password.reveal(), login.username) if login else ()
    doing = f"pull {image}"
    opening = link.stream(
        doing,
        "POST",
        "/images/create",
        {"fromImage": name, "tag": digest},
        headers={"X-Registry-Auth": _header(login)},
        secrets=secrets,
        meanings=errors.PULLING,
    )
    sizes: dict[str, LayerProgress] = {}
    with _Reader(link, opening) as reader:
        for line in reader.lines(cancelled, doing):
            _fail_on_error(line, doing, secrets)
            layer = reading.layer(line)
            if layer:
                sizes[layer.id] = layer = _with_known_sizes(layer, sizes.get(layer.id))
                progress(layer)


def _header(login: Login | None) -> str:
    """JSON in URL-safe base64 (Docker Engine API, "Authentication"); `{}` is anonymous, whatever ~/.docker says."""
    auth = {"username": login.username, "password": login.password.reveal()} if login else {}
    return base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()


def _fail_on_error(line: Line, doing: str, secrets: tuple[str, ...]) -> None:
    said = line.get("error") or (line.get("errorDetail") or {}).get("message")
    if said or "errorDetail" in line:
        raise errors.refused(doing, str(said or "an error without words"), secrets=secrets, meanings=errors.PULLING)


def _with_known_sizes(layer: LayerProgress, before: LayerProgress | None) -> LayerProgress:
    """“Download complete” and what follows come without sizes: keep the total, and count it as there."""
    if layer.total or before is None:
        return layer
    complete = before.total if layer.status in {"pulling", "done"} else layer.current
    return replace(layer, current=complete, total=before.total)


class _Reader:
    """Opens and reads the engine's answer on a thread: while a registry stalls the engine says nothing, not even
    that it heard, and a pull must be cancellable then too.
    """

    def __init__(self, link: Link, opening: AbstractContextManager[Stream]) -> None:
        self._link = link
        self._opening = opening
        self._lines: queue.Queue[Line | ForgeError | None] = queue.Queue(_AHEAD)
        self._lock = threading.Lock()
        self._stopped = False
        self._stream: Stream | None = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._read, name="forge-pull", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._stopped, stream = True, self._stream
        if stream is not None:
            stream.close()
        while not self._lines.empty():  # a thread that waits at a full queue goes on and sees that it is over
            self._lines.get_nowait()

    def lines(self, cancelled: Callable[[], bool], doing: str) -> Iterator[Line]:
        """What the engine says, with a look at `cancelled` before each line and every 0.2 s while none comes."""
        while True:
            if cancelled():
                raise EngineError(f"Stopped on request: {doing}", code="cancelled")
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=_GLANCE)
                if line is None:
                    return
                if isinstance(line, ForgeError):
                    raise line
                yield line

    def _read(self) -> None:
        try:
            with self._opening as stream:
                with self._lock:
                    self._stream = stream
                    if self._stopped:
                        return
                for line in self._link.lines(stream):
                    if self._stopped:
                        return
                    self._lines.put(line)
        except ForgeError as error:
            self._lines.put(error)
        finally:
            self._lines.put(None)
