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
    """An answer that goes on. Closing it ends the reader at once and frees the engine of it.

    One thread alone closes the answer: its reader while that is at it, else who closes the stream. Two at once would
    meet each other in the middle of http.client, which is not made for that.
    """

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self._reading = False
        self.closed = False

    def chunks(self, broken: Callable[[], Exception]) -> Iterator[bytes]:
        """Bytes as they come; ends when closed, raises `broken()` if the engine broke off."""
        while chunk := self._read(broken):
            yield chunk

    def _read(self, broken: Callable[[], Exception]) -> bytes:
        from urllib3 import exceptions  # noqa: PLC0415

        if not self._enter():
            return b""
        try:
            chunk: bytes = self._answer.raw.read1(_CHUNK)
        except (exceptions.HTTPError, OSError, ValueError, AttributeError):
            # The last two: ssl after another thread has shut the connection down.
            if self.closed:
                return b""
            raise broken() from None
        else:
            return chunk
        finally:
            self._leave()

    def _enter(self) -> bool:
        with self._lock:
            self._reading = not self.closed
            return self._reading

    def _leave(self) -> None:
        with self._lock:
            self._reading = False
            if self.closed:
                self._answer.close()

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
            if not self._reading:
                self._answer.close()
                return
            with contextlib.suppress(ValueError, RuntimeError, OSError):  # it is at its end by itself
                self._answer.raw.shutdown()


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
