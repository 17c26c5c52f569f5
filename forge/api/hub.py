"""The live stream: every reader gets hello, the past it asks for, then the present, nothing twice."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from threading import Condition
from typing import Any, Final

from forge import __version__
from forge.api.handover import Channel, channel_of, take
from forge.api.past import Bounds, Opening, Replay, hello, open_stream, past
from forge.api.ring import EVERYBODY, Ring
from forge.api.topics import Subscription
from forge.api.writer import Reader, Writer
from forge.crowd import Crowd
from forge.domain.errors import Unavailable
from forge.domain.events import Event

log = logging.getLogger(__name__)

# For waitress.create_server(**WAITRESS_SETTINGS). Lookahead: waitress notices that a client left while its request
# is still being answered. Poll: select() ends at descriptor 1,024. Streams leave waitress, so these are few.
WAITRESS_SETTINGS: Final[Mapping[str, Any]] = {
    "threads": 8,
    "connection_limit": 4096,
    "backlog": 1024,
    "channel_request_lookahead": 1,
    "asyncore_use_poll": True,
    "channel_timeout": 120,
    "cleanup_interval": 30,
}

# For the stream's response. No Connection header: waitress refuses hop-by-hop headers.
STREAM_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

# A comment, so that a server that only notices on writing finds out that its reader left.
_PULSE = b":\n\n"
_PULSE_EVERY = 0.4

Topics = frozenset[str]


def _nothing(_topics: Topics) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubStats:
    """`readers` are open streams, `generators` those of them that hold a server's thread; `ended` counts the
    others by how they ended: left, stalled, ended (their session was), closed, crowded.
    """

    readers: int
    generators: int
    ended: Mapping[str, int]


class Hub:
    """Publishes events to any number of readers.

    `replay` and `bounds` read the store, in the request's thread. `on_open(topics)` is called once as a stream
    begins and `on_close(topics)` once within a second after it ended, whichever way it was served; both in the
    thread that serves it, so they must be quick and not raise. Times are in seconds.
    """

    def __init__(
        self,
        *,
        replay: Replay,
        bounds: Bounds,
        ring: Ring | None = None,
        on_open: Callable[[Topics], None] = _nothing,
        on_close: Callable[[Topics], None] = _nothing,
        version: str = __version__,
        max_readers: int = 2000,
        max_generators: int = 4,
        crowd: Crowd | None = None,
        heartbeat: float = 10,
        stall: float = 20,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.ring = ring or Ring()
        self.on_open, self.on_close = on_open, on_close
        self._replay, self._bounds, self._version, self._clock = replay, bounds, version, clock
        self._max_readers, self._max_generators = max_readers, max_generators
        self._heartbeat, self._stall = heartbeat, stall
        self._crowd = crowd or Crowd(max_readers)
        self._changed = Condition()
        self._closed = False
        self._readers = self._generators = 0
        self._ended: Counter[str] = Counter()
        self._writer: Writer | None = None

    @property
    def full(self) -> bool:
        """True if another reader would get 503: at the cap, or closing."""
        return self._closed or self._readers >= self._max_readers or self._generators >= self._max_generators

    def publish(self, events: Sequence[Event]) -> None:
        """Send `events` to whoever reads their topics. For Bus.subscribe; quick, from any thread."""
        for event in events:
            self.ring.append(event)
        if self._generators:
            with self._changed:
                self._changed.notify_all()
        if self._writer:
            self._writer.wake()

    def response_body(self, environ: Mapping[str, Any], subscription: Subscription) -> Iterator[bytes]:
        """The body of a 200 with STREAM_HEADERS and no length, for the request of `environ`.

        Raises Unavailable with `retry_after` if the hub is full, and what `bounds` raises: before a byte is out.
        """
        if self.full:
            raise Unavailable("Too many live streams are open. Close some windows, or try again later.", retry_after=15)
        if self._crowd.is_full(environ.get("REMOTE_ADDR", "")):
            raise Unavailable(
                "Too many live streams are open from your address. Close some windows, or try again later.",
                retry_after=15,
            )
        return self._stream(environ, open_stream(self.ring, self._bounds, subscription))

    def review(self) -> None:
        """Somebody's session ended: their streams end at once, rather than with the next beat."""
        with self._changed:
            self._changed.notify_all()
        if self._writer:
            self._writer.review()

    def stats(self) -> HubStats:
        """How many read, and how streams ended so far."""
        return HubStats(readers=self._readers, generators=self._generators, ended=dict(self._ended))

    def close(self, timeout: float = 2) -> None:
        """End every stream within `timeout` seconds; from now on the hub is full."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._writer:
            self._writer.close(timeout)

    def _stream(self, environ: Mapping[str, Any], opening: Opening) -> Iterator[bytes]:
        address = environ.get("REMOTE_ADDR", "")
        writer = self._enter(address)
        if writer is None:
            return
        why: str | None = "left"
        try:
            self.on_open(opening.topics - {EVERYBODY})
            yield hello(opening, self.ring, self._version, self._clock())
            yield from past(opening, self.ring, self._replay)
            if channel := channel_of(environ):
                why = self._hand_over(channel, writer, opening, environ)
            else:
                why = yield from self._serve_here(opening)
        finally:
            if why:
                self._leave(opening.topics, address, why)

    def _hand_over(self, channel: Channel, writer: Writer, opening: Opening, environ: Mapping[str, Any]) -> str | None:
        """Give the connection to the writer; None if that is done, else why the stream ends here."""
        try:
            sock = take(channel) or self._take_when_flushed(channel)
        except ConnectionError:
            return "left"
        except OSError as error:
            log.warning("A live stream could not be kept open: %s. Raise the limit of open files.", error)
            return "crowded"
        if sock is None:
            return "closed" if self._closed else "stalled"
        reader = Reader(
            sock=sock, topics=opening.topics, cursor=opening.live, after=opening.newest,
            chunked=environ.get("SERVER_PROTOCOL") == "HTTP/1.1",
            stands=opening.stands, address=environ.get("REMOTE_ADDR", ""),
        )  # fmt: skip
        if writer.add(reader):
            return None
        sock.close()
        return "closed"

    def _take_when_flushed(self, channel: Channel) -> socket | None:
        """Wait until a slow reader has got the past, at most as long as it may stall."""
        with self._thread_held() as held:
            until = time.monotonic() + self._stall
            while held and not self._closed and time.monotonic() < until:
                if sock := take(channel):
                    return sock
                with self._changed:
                    self._changed.wait(0.05)
        return None

    def _serve_here(self, opening: Opening) -> Generator[bytes, None, str]:
        """Serve from the server's own thread, as any WSGI server allows; returns why it ended."""
        with self._thread_held() as held:
            if not held:
                return "crowded"
            cursor, written, closing = opening.live, time.monotonic(), False
            while not closing:
                if not opening.stands():
                    return "ended"
                closing = self._closed  # before the ring is looked at: what was published before goes out
                cursor, data = self.ring.batch(cursor, opening.topics, opening.newest)
                if data or time.monotonic() - written >= _PULSE_EVERY:
                    yield data or _PULSE
                    written = time.monotonic()
                with self._changed:
                    if self.ring.end == cursor and not self._closed:
                        self._changed.wait(_PULSE_EVERY)
        return "closed"

    @contextmanager
    def _thread_held(self) -> Iterator[bool]:
        """True if one more stream may hold a thread of the server's."""
        with self._changed:
            held = self._generators < self._max_generators
            self._generators += held
        try:
            yield held
        finally:
            with self._changed:
                self._generators -= held

    def _enter(self, address: str) -> Writer | None:
        with self._changed:
            if self._closed or not self._crowd.enter(address):
                return None
            self._readers += 1
            if self._writer is None:
                self._writer = Writer(
                    self.ring, ended=self._left, beat=self._ping, heartbeat=self._heartbeat, stall=self._stall
                )
            return self._writer

    def _left(self, reader: Reader, why: str) -> None:
        self._leave(reader.topics, reader.address, why)

    def _leave(self, topics: Topics, address: str, why: str) -> None:
        self._crowd.leave(address)
        with self._changed:
            self._readers -= 1
            self._ended[why] += 1
        try:
            self.on_close(topics - {EVERYBODY})
        except Exception:  # the writer's thread serves everybody: one caller's mistake may not end it
            log.exception("What was to be done when a stream ends failed")

    def _ping(self) -> None:
        if self._readers:
            now = self._clock()
            self.publish([Event(type="ping", topic=EVERYBODY, at=now, payload={"at": now})])
