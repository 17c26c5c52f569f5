"""What instances write, as lines."""

from __future__ import annotations

from collections.abc import Iterator

from forge.engines import reading
from forge.ports import LogLine

LONGEST = 16384  # bytes of a line; Docker itself stores longer ones in pieces of this size

Piece = tuple[str, bytes]


def params(*, tail: int | None, since: float | None, follow: bool) -> dict[str, str]:
    """The query of `GET /containers/{id}/logs`."""
    asked = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": "1" if follow else "0"}
    asked["tail"] = "all" if tail is None else str(tail)
    if since is not None:
        asked["since"] = f"{since:.9f}"
    return asked


def from_frames(pieces: Iterator[Piece]) -> Iterator[LogLine]:
    """Lines of a multiplexed stream: each piece has its own time; one without a line's end goes on in the next."""
    begun: dict[str, tuple[float, bytes]] = {}
    for stream, piece in pieces:
        at, text = _split(piece)
        first, before = begun.pop(stream, (at, b""))
        whole = before + text
        if whole.endswith(b"\n"):
            yield _line(first, whole, stream)
        else:
            begun[stream] = (first, whole[: LONGEST + 1])
    for stream, (at, text) in begun.items():
        yield _line(at, text, stream)


def from_terminal(chunks: Iterator[bytes]) -> Iterator[LogLine]:
    """Lines of a container with a terminal (tty): one stream, not multiplexed."""
    begun = b""
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield _line(*_split(begun + line), stream="out")
            begun = b""
        begun = (begun + rest)[: 2 * LONGEST]
    if begun:
        yield _line(*_split(begun), stream="out")


def _split(piece: bytes) -> tuple[float, bytes]:
    """Docker's time stamp and the rest; time 0 and all of it where there is none."""
    stamp, _, text = piece.partition(b" ")
    at = reading.unix_time(stamp.decode("ascii", "replace"))
    return (0.0, piece) if at is None else (at, text)


def _line(at: float, text: bytes, stream: str) -> LogLine:
    ended = text[: LONGEST + 2].rstrip(b"\r\n")
    shown = ended[:LONGEST].decode("utf-8", "replace")
    return LogLine(at=at, stream=stream, text=shown + ("…" if len(ended) > LONGEST else ""))
