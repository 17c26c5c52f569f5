"""The HTTP server: waitress in this process, from the first request to a quick and clean end."""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import http.client
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import RequestEntityTooLarge
from waitress.wasyncore import dispatcher

from forge.api.app import make_app
from forge.api.hub import WAITRESS_SETTINGS
from forge.crowd import Crowd, Door, share_of
from forge.domain.errors import Conflict, Forbidden, Invalid
from forge.http import is_loopback
from forge.runtime import Runtime
from forge.settings import Settings

if TYPE_CHECKING:  # asyncio costs 40 ms: only who wants TLS pays
    from forge.tls import Certificate, Gate

_log = logging.getLogger(__name__)
_LARGEST_BODY = 2 << 20  # bytes; Flask refuses earlier and says so, this keeps the rest off the disk
_LARGEST_HEADERS = 32 << 10  # bytes, all of a request's together
_PATIENCE = 30.0  # seconds that one request may take to come in, headers and body
_PARTING = 5.0  # seconds that the server's thread has to close its connections
_HERE = "127.0.0.1"
_HEARS = 1.0  # seconds until a signal is heard that the kernel gave to another thread


def _refusal(channel: HTTPChannel, request: Any) -> Task:
    """Let Forge itself refuse a body that is too large (a delivery leaves a receipt); nothing of it is read on."""
    if not isinstance(request.error, RequestEntityTooLarge):
        # waitress names it when the sender has left, stumbles where it could not be read, and keeps the connection
        request.path = getattr(request, "path", "?")
        return ErrorTask(channel, request)
    request.headers.setdefault("CONTENT_LENGTH", str(_LARGEST_BODY))  # one that came in chunks did not say
    task = WSGITask(channel, request)
    task.set_close_on_finish()
    return task


class _Parser(HTTPRequestParser):
    """Refuses what a server in front could take for another request than waitress does (RFC 9112: 5.2, 6.1, 6.3)."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        lines = header_plus.split(b"\r\n")[1:]
        pairs = [(name.lower(), value.strip().lower()) for name, _, value in (line.partition(b":") for line in lines)]
        codings = [value for name, value in pairs if name == b"transfer-encoding"]
        sized = any(name == b"content-length" for name, _ in pairs)
        if codings and (codings != [b"chunked"] or sized or self.version != "1.1"):
            raise ParsingError("Say how long the body is in one way only")
        if self.version not in {"1.0", "1.1"} or any(line.startswith((b" ", b"\t")) for line in lines):
            raise ParsingError("Speak HTTP/1.1, each header in one line")


class _Channel(HTTPChannel):
    """Whoever does not get a request out in time is cut off: waitress itself waits for as long as crumbs come."""

    parser_class = _Parser
    error_task_class = staticmethod(_refusal)  # type: ignore[assignment]  # the stubs know only the class

    def __init__(self, *given: Any, **more: Any) -> None:
        self._began: float | None = time.monotonic()  # whoever connects has something to ask
        super().__init__(*given, **more)

    def received(self, data: bytes) -> bool:
        if self._began is None:
            self._began = time.monotonic()
        took = super().received(data)
        if self.request is None:
            self._began = None
        return took

    def readable(self) -> bool:
        """Asked by waitress at least once a second."""
        if self._began is not None and time.monotonic() - self._began > _PATIENCE:
            self.will_close = True
        return super().readable()


class Server:
    """`start` listens and answers in a thread of its own; `url` is then known, also where the port was 0. With TLS,
    `local` is where this machine's own command line and window go on in the clear; else it is the same.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.url = self.local = ""
        self._thread: threading.Thread | None = None
        self._servers: list[Any] = []
        self._gate: Gate | None = None
        self._app: Any = None

    def start(self) -> None:
        """Raise Conflict if the port is taken, Invalid if the address is not this machine's own, Forbidden if
        others could reach it while nobody can sign in.
        """
        settings = self.runtime.settings
        if not is_loopback(settings.host):
            self._check_sign_in(settings.host)
        more_descriptors()
        self._app = make_app(self.runtime)
        certificate = _certificate(settings)
        if certificate is None and not is_loopback(settings.host):
            _log.warning("Forge listens on %s without TLS: who is on the way reads along", settings.host)
        listening = listen(settings.host, settings.port)
        where = f"{_host(settings.host)}:{listening.getsockname()[1]}"
        most = WAITRESS_SETTINGS["connection_limit"]
        if certificate is not None:
            from forge.tls import MOST, Gate  # noqa: PLC0415

            most = MOST
        listening = Door.at(listening, Crowd(share_of(most), settings.trusted_proxies))
        if certificate is not None:
            self._gate = Gate(listening, certificate)
            self.url, listening = f"https://{where}", listen(_HERE, 0)
            self.local = f"http://{_HERE}:{listening.getsockname()[1]}"
        else:
            self.url = self.local = f"http://{where}"
        self._answer_at(listening)
        self._tell_where()

    def _answer_at(self, listening: socket.socket) -> None:
        """In the clear at `listening`, and at the gate if there is one; all of it in one thread."""
        more: dict[str, Any] = {
            **WAITRESS_SETTINGS, "max_request_body_size": _LARGEST_BODY, "ident": "",
            "max_request_header_size": _LARGEST_HEADERS, "clear_untrusted_proxy_headers": False, "map": {},
        }  # fmt: skip
        first: Any = create_server(self._app, sockets=[listening], **more)
        first.channel_class = _Channel
        self._servers.append(first)
        if self._gate is not None:
            shared: dict[str, Any] = {"_dispatcher": first.task_dispatcher, "url_scheme": "https"}
            behind: Any = create_server(self._app, sockets=[self._gate.inner], **more, **shared)
            behind.fix_addr = lambda address: address  # of who really asks
            behind.channel_class = _Channel
            self._servers.append(behind)
            self._gate.start()
        self._thread = threading.Thread(target=first.run, name="http", daemon=True)
        self._thread.start()

    def _check_sign_in(self, host: str) -> None:
        """Others could reach it: raise Forbidden while nobody can sign in."""
        if self.runtime.people.setup.wanted():
            raise Forbidden(
                f"Forge does not listen on {host} while nobody can sign in: make an admin first by `forge people add "
                "NAME --role admin`, or start it without --host once, and open the link that it prints.",
                code="sign_in_not_set_up",
            )

    def answers(self, patience: float = 10.0) -> bool:
        """Whether it answers over HTTP within `patience` seconds, asked as anybody would."""
        connection = http.client.HTTPConnection(urlsplit(self.local).netloc, timeout=patience)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def close(self) -> None:
        """End every stream, then stop listening."""
        if not self._servers:
            return
        self._app.extensions["hub"].close()
        # first: answers still need the server
        self._servers[0].task_dispatcher.shutdown(cancel_pending=True, timeout=1)
        if self._gate is not None:
            self._gate.close()
        self._end_thread()
        for file in (self.runtime.settings.address_file, self.runtime.settings.token_file):
            file.unlink(missing_ok=True)

    def _end_thread(self) -> None:
        """Let the server's own thread close what it waits at; what others wake it by is closed once nobody can."""
        first, thread = self._servers[0], self._thread
        if thread is not None and thread.is_alive():
            first.trigger.pull_trigger(self._hang_up)
            thread.join(_PARTING)
        # Who answers still would write its “wake up” to whatever has the descriptor's number by then: a database even.
        if not first.task_dispatcher.threads and not (thread and thread.is_alive()):
            for server in self._servers:
                server.trigger.close()

    def _hang_up(self) -> None:
        """In the server's own thread: close every connection and what it listens at; it ends when nothing is left."""
        for server in self._servers:
            server.trigger.del_channel()
            dispatcher.close(server)
        for channel in list(self._servers[0]._map.values()):  # noqa: SLF001 waitress has no other way to its connections
            channel.handle_close()

    def _tell_where(self) -> None:
        """The command line finds address and token in the data folder, readable by their owner only."""
        settings = self.runtime.settings
        for file, text in ((settings.token_file, self.runtime.token.reveal()), (settings.address_file, self.local)):
            file.unlink(missing_ok=True)
            file.touch(mode=0o600)
            file.write_text(text, "utf-8")


def serve(
    runtime: Runtime,
    ready: Callable[[Server], None] = lambda _: None,
    ending: Callable[[], None] = lambda: None,
) -> None:
    """Answer until SIGTERM or Ctrl-C, then end: streams first, deploys at a safe step."""
    server, ended = Server(runtime), threading.Event()
    _tell_of_threads()
    with _signals(ended.set):
        try:
            server.start()
            runtime.start()
            ready(server)
            while not ended.wait(_HEARS):  # waiting without an end hears only what comes to this very thread
                pass
        finally:
            ending()
            server.close()
            runtime.close()


def _tell_of_threads() -> None:
    """What each thread does is written when the process crashes, and when SIGUSR1 asks: for one that seems to hang."""
    if sys.__stderr__ is None:
        return  # a windowed program has none
    faulthandler.enable(sys.__stderr__)
    if sys.platform != "win32":
        faulthandler.register(signal.SIGUSR1, sys.__stderr__)


@contextlib.contextmanager
def _signals(end: Callable[[], None]) -> Iterator[None]:
    def handle(*_: object) -> None:
        end()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)  # what a service manager sends there
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def more_descriptors() -> None:
    """A stream is a descriptor: take as many as the system allows this process."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 not on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound; raise Conflict if the port is taken, Invalid if it is not to be had.

    Ours, as waitress leaks one that it cannot bind.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would let two programs have one port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        if error.errno != errno.EADDRINUSE:
            raise Invalid(
                f"Port {port} of {host} cannot be had ({error.strerror}): choose another with --port or --host",
                code="cannot_listen",
            ) from error
        raise Conflict(
            f"Port {port} of {host} is taken ({error.strerror}): stop what uses it, or choose another with --port",
            code="port_taken",
        ) from error
    return made


def _certificate(settings: Settings) -> Certificate | None:
    if settings.tls_cert is None and settings.tls_key is None:
        return None
    if settings.tls_cert is None or settings.tls_key is None:
        raise Invalid("TLS needs both a certificate and its key: give tls_cert and tls_key, or neither", code="tls")
    from forge.tls import Certificate  # noqa: PLC0415

    return Certificate(settings.tls_cert, settings.tls_key)


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
