"""Pulling an image: layer by layer, cancellable, and believed only when the engine has that very digest."""

from __future__ import annotations

import base64
import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

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
    params = {"fromImage": name, "tag": digest}
    sizes: dict[str, LayerProgress] = {}
    headers = {"X-Registry-Auth": _header(login)}
    with link.stream(
        doing, "POST", "/images/create", params, headers=headers, secrets=secrets, meanings=errors.PULLING
    ) as stream:
        for line in _while_watching(link, stream, cancelled, doing):
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


def _while_watching(link: Link, stream: Stream, cancelled: Callable[[], bool], doing: str) -> Iterator[Line]:
    """The lines, with a look at `cancelled` before each and every 0.2 s while none comes.

    A thread reads, because the engine says nothing while a registry stalls.
    """
    lines: queue.Queue[Line | ForgeError | None] = queue.Queue(_AHEAD)
    reader = threading.Thread(target=_read, args=(link, stream, lines), name="forge-pull", daemon=True)
    reader.start()
    try:
        while True:
            if cancelled():
                raise EngineError(f"Stopped on request: {doing}", code="cancelled")
            try:
                line = lines.get(timeout=_GLANCE)
            except queue.Empty:
                continue
            if line is None:
                return
            if isinstance(line, ForgeError):
                raise line
            yield line
    finally:
        stream.close()
        _drain(lines)
        reader.join(timeout=5)


def _read(link: Link, stream: Stream, lines: queue.Queue[Line | ForgeError | None]) -> None:
    try:
        for line in link.lines(stream):
            lines.put(line)
        lines.put(None)
    except ForgeError as error:
        lines.put(error)


def _drain(lines: queue.Queue[Line | ForgeError | None]) -> None:
    """So that a reader at a full queue goes on, and sees that its stream is closed."""
    while not lines.empty():
        lines.get_nowait()
