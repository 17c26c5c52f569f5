"""The Forge that the window shows: one of its own, or the one that runs on the data folder already."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from forge.domain.errors import Conflict
from forge.settings import DEFAULT_PORT, Settings

if TYPE_CHECKING:
    from forge.runtime import Runtime

_LOG_LIMIT = 8 << 20  # bytes


@contextlib.contextmanager
def hosted(settings: Settings, ours: Path) -> Iterator[bool]:
    """Answer until the end of the block. True: Forge was started here and ends with it; False: another one runs.

    Raise ForgeError. `ours` is the window's folder.
    """
    from forge import log, server  # noqa: PLC0415  slow to import: the window is on its way meanwhile

    settings = replace(settings, port=_port(settings, ours))
    with _log_file(settings.log_file) as stream:
        log.set_up(settings.log_level, settings.log_format, stream)
        runtime = _composed(settings)
        if runtime is None:
            yield False
            return
        running = server.Server(runtime)
        try:
            running.start()
            _keep_port(running.url, settings, ours)
            runtime.start()
            yield True
        finally:
            running.close()
            runtime.close()
            log.set_up(settings.log_level, settings.log_format)


def _composed(settings: Settings) -> Runtime | None:
    """None: another one runs on the folder."""
    from forge.compose import compose  # noqa: PLC0415

    try:
        return compose(settings)
    except Conflict as error:
        if error.code != "already_running":
            raise
        return None


def _port(settings: Settings, ours: Path) -> int:
    """The one wanted, else the one of last time: what a page keeps in its storage is kept by address and port.

    A port that somebody chose is not replaced: others know Forge by it.
    """
    from forge.server import listen  # noqa: PLC0415

    for port in (settings.port, _last_port(ours)):
        try:
            listen(settings.host, port).close()
        except Conflict:
            if settings.port != DEFAULT_PORT:
                return settings.port  # Forge itself says that it is taken
        else:
            return port
    return 0


def _last_port(ours: Path) -> int:
    try:
        return int((ours / "port").read_text("utf-8"))
    except (OSError, ValueError):
        return 0


def _keep_port(url: str, settings: Settings, ours: Path) -> None:
    port = int(url.rpartition(":")[2])
    if port != settings.port:
        (ours / "port").write_text(str(port), "utf-8")


@contextlib.contextmanager
def _log_file(file: Path) -> Iterator[TextIO]:
    """The end of the log; what is past keeping goes to one file beside it."""
    if file.exists() and file.stat().st_size > _LOG_LIMIT:
        os.replace(file, file.with_suffix(".log.1"))  # noqa: PTH105  as in place.py
    file.touch(mode=0o600)
    with file.open("a", encoding="utf-8") as stream:
        yield stream
