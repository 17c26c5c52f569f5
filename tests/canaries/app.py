"""A Forge inside of the test's own process is watched too: what its application is asked and answers, and its log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from forge.log import TextLines
from tests.canaries.watch import Watch


@contextmanager
def watched(app: Flask, data: Path) -> Iterator[Watch]:
    """Until its end; not for streams, which have none."""
    log, there = data.parent / f"{data.name}.log", [True]
    watch = Watch(data, lambda: bool(there))
    watch.begins(log, {})
    whole = app.wsgi_app

    def answer(environ: Any, start: Any) -> list[bytes]:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(sent)
        path = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        watch.asked(path, {"content-type": environ.get("CONTENT_TYPE", "")}, sent)
        headers: list[tuple[str, str]] = []

        def begin(status: str, found: list[tuple[str, str]], *more: Any) -> Any:
            headers.extend(found)
            return start(status, found, *more)

        body = whole(environ, begin)
        with closing(body):
            pieces = list(body)
        watch.answered(environ["REQUEST_METHOD"], path, headers, b"".join(pieces))
        return pieces

    app.wsgi_app = answer  # type: ignore[method-assign]
    handler = logging.FileHandler(log)
    handler.setFormatter(TextLines())
    logger = logging.getLogger("forge")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield watch
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
        there.clear()
