"""The engine's endless answers: read by one thread, closed by any other."""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

_CHUNK = 65536
_HEADER = 8  # bytes before each frame: stream, three zeros, length (Docker Engine API, "Stream format")


class Stream:
    """An answer that goes on. Closing it ends the reader at once and frees the engine of it."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.closed = False

    def chunks(self, broken: Callable[[], Exception]) -> Iterator[bytes]:
        """Bytes as they come; ends when closed, raises `broken()` if the engine broke off."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        while not self.closed:
            try:
                chunk = self._answer.raw.read1(_CHUNK)
            except (HTTPError, OSError, ValueError, AttributeError):
                # The last two: http.client after another thread closed the file under it.
                if self.closed:
                    return
                raise broken() from None
            if not chunk:
                return
            yield chunk

    def lines(self, broken: Callable[[], Exception]) -> Iterator[bytes]:
        """Whole lines without their end; a last line without one as well."""
        rest = b""
        for chunk in self.chunks(broken):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        if rest and not self.closed:
            yield rest

    def close(self) -> None:
        """From any thread, as often as one likes."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        # A blocked reader holds the file's lock: without waking it first, closing would wait for it.
        with contextlib.suppress(ValueError, RuntimeError, OSError):
            self._answer.raw.shutdown()
        self._answer.close()


def frames(chunks: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """(`out` or `err`, bytes) of a multiplexed stream; a frame cut off by the end is left out."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        at = 0
        while len(rest) - at >= _HEADER:
            kind, length = struct.unpack_from(">BxxxL", rest, at)
            if len(rest) - at - _HEADER < length:
                break
            at += _HEADER
            yield "err" if kind == 2 else "out", rest[at : at + length]
            at += length
        rest = rest[at:]
