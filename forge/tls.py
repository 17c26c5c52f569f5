"""TLS for a server that has none: connections are taken here, and handed on in the clear within this process.

waitress cannot speak TLS, and Forge's streams take their sockets out of waitress. So each connection is decrypted by
asyncio, in a thread of its own, and waitress gets the other end of a socket pair, with the address of who really asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections import deque
from pathlib import Path
from typing import Any

from forge.domain.errors import Invalid

_log = logging.getLogger(__name__)
_HANDSHAKE = 10.0  # seconds
MOST = 2000  # connections; asyncio keeps 256 KiB for each
_PIECE = 64 << 10


class Handed(socket.socket):
    """What the server behind listens on: its `accept` gives the connections that were `hand`ed to it."""

    def __init__(self) -> None:
        here, self._bell = socket.socketpair()
        super().__init__(here.family, here.type, here.proto, fileno=here.detach())
        self._waiting: deque[tuple[socket.socket, Any]] = deque()

    def hand(self, connection: socket.socket, address: Any) -> None:
        """Let it be accepted; from any thread."""
        self._waiting.append((connection, address))
        self._bell.send(b".")

    def listen(self, backlog: int = 0, /) -> None:
        """It always does."""

    def accept(self) -> tuple[socket.socket, Any]:
        self.recv(1)  # raises BlockingIOError if nobody rang
        return self._waiting.popleft()

    def close(self) -> None:
        self._bell.close()
        super().close()


class Gate:
    """Takes TLS connections at `listening`, which is bound, and hands them to `inner` until `close`."""

    def __init__(self, listening: socket.socket, certificate: Certificate) -> None:
        self.inner = Handed()
        self._listening = listening
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Begin to take connections."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)

    def close(self) -> None:
        """Take no more connections, and end those that are open."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._listening.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda _, told: _log.debug("A TLS connection: %s", told.get("message")))
        self._loop.run_forever()
        self._loop.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, sock=self._listening, ssl=self._certificate.context, backlog=1024, limit=_PIECE,
            ssl_handshake_timeout=_HANDSHAKE, ssl_shutdown_timeout=2,
        )  # fmt: skip

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MOST:
            writer.transport.abort()
            return
        self._connections.add(task)
        self._certificate.renew()
        try:
            await self._carry(reader, writer)
            writer.close()
        except (OSError, asyncio.CancelledError):  # either side left, or Forge ends
            writer.transport.abort()
        finally:
            self._connections.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours, theirs = socket.socketpair()
        inside, answer = await asyncio.open_connection(sock=ours, limit=_PIECE)
        self.inner.hand(theirs, writer.get_extra_info("peername"))
        asking = asyncio.ensure_future(_pump(reader, answer))
        try:
            await _pump(inside, writer)  # ends when the server has said all it says
        finally:
            asking.cancel()
            answer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await asking


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()
    if target.can_write_eof():
        with contextlib.suppress(OSError):
            target.write_eof()


class Certificate:
    """A certificate and its key; `renew` takes up files that were replaced, as ACME clients do."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raise Invalid, with what is wrong with which file."""
        self._files = (certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        try:
            self._seen = self._times()
            self.context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            raise Invalid(
                f"{certificate} and {key} cannot be used for TLS ({error.reason or 'no PEM'}): the first is a "
                "certificate with those it hangs on, the second its private key without a password",
                code="tls",
            ) from None
        except (OSError, ValueError) as error:
            raise Invalid(
                f"The files of tls_cert and tls_key cannot be read: {getattr(error, 'strerror', None) or error}",
                code="tls",
            ) from None

    def renew(self) -> None:
        """Read the files again if they changed; what is no pair yet is tried again with the next connection."""
        with contextlib.suppress(OSError):
            if (now := self._times()) == self._seen:
                return
            self._seen = now
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files, password=_no_password)
                self.context.load_cert_chain(*self._files)
            except (ssl.SSLError, ValueError):  # half replaced: the other file changes too
                _log.warning("The new files of tls_cert and tls_key are no pair: the old ones are still used")

    def _times(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in self._files)


def _no_password() -> str:
    """Otherwise OpenSSL asks at the terminal."""
    raise ValueError("the key has a password: store it without one, readable by Forge only")
