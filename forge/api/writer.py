"""The one thread that writes the live stream to every connection that was handed to it."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread

from forge.api.ring import Ring
from forge.api.topics import always

# What the kernel may hold for one reader; more than that and it is late.
_SEND_BUFFER = 128 << 10
_NOTHING = memoryview(b"")

log = logging.getLogger(__name__)


class Reader:
    """A connection and how far it has got. `pending` is what the kernel did not take yet, `since` when it last
    took some of it. It is served as long as it `stands`. `address` is who reads.
    """

    __slots__ = ("address", "after", "chunked", "cursor", "pending", "since", "sock", "stands", "topics")

    def __init__(
        self,
        *,
        sock: socket.socket,
        topics: frozenset[str],
        cursor: int,
        after: int,
        chunked: bool,
        stands: Callable[[], bool] = always,
        address: str = "",
    ) -> None:
        self.sock, self.topics, self.cursor, self.after, self.chunked = sock, topics, cursor, after, chunked
        self.stands, self.address = stands, address
        self.pending = _NOTHING
        self.since = 0.0


class Writer:
    """Writes from `ring` to readers until they leave, stall for `stall` seconds, or it is closed.

    `ended(reader, why)` is called once for each reader that was added; why: left, stalled, ended, closed. `beat()` is
    called every `heartbeat` seconds. Both are called in the writer's thread and must be quick.
    """

    def __init__(
        self,
        ring: Ring,
        *,
        ended: Callable[[Reader, str], None],
        beat: Callable[[], None],
        heartbeat: float,
        stall: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring, self._ended, self._beat = ring, ended, beat
        self._heartbeat, self._stall, self._monotonic = heartbeat, stall, monotonic
        self._look_every = min(1.0, stall / 4)
        self._readers: dict[int, Reader] = {}
        self._late: set[Reader] = set()
        self._inbox: deque[Reader] = deque()
        self._lock = Lock()
        self._closing = False
        self._awake = False
        self._review = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._raw, self._chunk = b"", b""
        self._thread = Thread(target=self._run, name="stream-writer", daemon=True)
        self._thread.start()

    def add(self, reader: Reader) -> bool:
        """Serve `reader` from now on; False if the writer is closing, and the reader stays the caller's."""
        with self._lock:
            if self._closing:
                return False
            self._inbox.append(reader)
        self.wake()
        return True

    def wake(self) -> None:
        """There is something to write. Cheap, from any thread."""
        if not self._awake:
            self._awake = True
            with suppress(OSError):  # full: it wakes up anyway; closed: nobody is left to wake
                self._wake_in.send(b"!")

    def review(self) -> None:
        """Somebody may not stand any longer: look now, rather than with the next beat. From any thread."""
        self._review = True
        self.wake()

    def close(self, timeout: float) -> None:
        """End every stream, within `timeout` seconds."""
        with self._lock:
            self._closing = True
        self._awake = False
        self.wake()
        self._thread.join(timeout)

    # ---- from here on only the writer's thread

    def _run(self) -> None:
        beaten = checked = self._monotonic()
        seen = self._ring.end
        while not self._closing:
            now = self._monotonic()
            self._listen(min(beaten + self._heartbeat - now, self._look_every if self._late else self._heartbeat))
            self._admit()
            if self._review:
                self._drop_ended()
            if self._ring.end != seen:
                seen = self._ring.end
                self._pump_all()
            now = self._monotonic()
            if now - beaten >= self._heartbeat:
                beaten = now
                self._drop_ended()
                self._beat()
            if self._late and now - checked >= self._look_every:
                checked = now
                self._drop_stalled(now)
        self._farewell()

    def _listen(self, patience: float) -> None:
        for key, mask in self._selector.select(max(0.0, patience)):
            reader: Reader | None = key.data
            if reader is None:
                self._wake_out.recv(4096)
                self._awake = False  # before the ring is looked at: what comes later wakes again
            elif mask & selectors.EVENT_READ:
                self._drop(reader, "left")  # end of file, reset, or bytes that nobody sends on a stream
            else:
                self._flush(reader)

    def _admit(self) -> None:
        while self._inbox:
            reader = self._inbox.popleft()
            self._readers[reader.sock.fileno()] = reader
            try:
                self._prepare(reader.sock)
                self._selector.register(reader.sock, selectors.EVENT_READ, reader)
            except OSError:
                self._drop(reader, "left")
            else:
                self._pump(reader)
                if not reader.stands():  # not any longer: it ended on the way here
                    self._dismiss(reader, "ended")

    def _prepare(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        dead_after = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux: a machine that was switched off says no goodbye
        if dead_after is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, dead_after, int(self._stall * 2000))

    def _pump_all(self) -> None:
        for reader in list(self._readers.values()):
            if not reader.pending:
                self._pump(reader)

    def _pump(self, reader: Reader) -> None:
        while not reader.pending and reader.sock.fileno() >= 0:
            reader.cursor, data = self._ring.batch(reader.cursor, reader.topics, reader.after)
            if data:
                self._send(reader, data)
            elif reader.cursor >= self._ring.end:
                return

    def _send(self, reader: Reader, data: bytes) -> None:
        if reader.chunked:
            if data is not self._raw:  # most readers get the very same bytes
                self._raw, self._chunk = data, b"%X\r\n%b\r\n" % (len(data), data)
            data = self._chunk
        try:
            sent = reader.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(reader, "left")
            return
        if sent < len(data):
            reader.pending, reader.since = memoryview(data)[sent:], self._monotonic()
            self._late.add(reader)
            self._selector.modify(reader.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, reader)

    def _flush(self, reader: Reader) -> None:
        try:
            sent = reader.sock.send(reader.pending)
        except BlockingIOError:
            return
        except OSError:
            self._drop(reader, "left")
            return
        reader.pending, reader.since = reader.pending[sent:], self._monotonic()
        if not reader.pending:
            self._late.discard(reader)
            self._selector.modify(reader.sock, selectors.EVENT_READ, reader)
            self._pump(reader)

    def _drop_stalled(self, now: float) -> None:
        for reader in [late for late in self._late if now - late.since >= self._stall]:
            log.warning("A reader of the live stream took nothing for %.0f s and was let go.", now - reader.since)
            self._drop(reader, "stalled")

    def _drop_ended(self) -> None:
        self._review = False  # before they are asked: who ends meanwhile is asked again
        for reader in [one for one in self._readers.values() if not one.stands()]:
            self._dismiss(reader, "ended")

    def _dismiss(self, reader: Reader, why: str) -> None:
        """Let go of somebody who is still there: the answer ends as an answer should."""
        if reader.chunked and not reader.pending:
            with suppress(OSError):
                reader.sock.send(b"0\r\n\r\n")
        self._drop(reader, why)

    def _drop(self, reader: Reader, why: str) -> None:
        if self._readers.pop(reader.sock.fileno(), None) is None:
            return
        self._late.discard(reader)
        with suppress(KeyError):  # it may have left before it was registered
            self._selector.unregister(reader.sock)
        with suppress(OSError):
            reader.sock.shutdown(socket.SHUT_RDWR)  # waitress may not have closed its descriptor yet
        reader.sock.close()
        self._ended(reader, why)

    def _farewell(self) -> None:
        self._admit()
        for reader in list(self._readers.values()):
            self._pump(reader)
            self._dismiss(reader, "closed")
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
