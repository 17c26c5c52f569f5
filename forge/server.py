"""The HTTP server: waitress in this process, from the first request to a quick and clean end."""

from __future__ import annotations

import contextlib
import errno
import http.client
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import RequestEntityTooLarge

from forge.api.app import make_app
from forge.api.hub import WAITRESS_SETTINGS
from forge.domain.errors import Conflict, Forbidden, Invalid
from forge.http import is_loopback
from forge.runtime import Runtime

_log = logging.getLogger(__name__)
_LARGEST_BODY = 2 << 20  # bytes; Flask refuses earlier and says so, this keeps the rest off the disk


def _refusal(channel: HTTPChannel, request: Any) -> Task:
    """Let Forge itself refuse a body that is too large (a delivery leaves a receipt); nothing of it is read on."""
    if not isinstance(request.error, RequestEntityTooLarge):
        return ErrorTask(channel, request)
    request.headers.setdefault("CONTENT_LENGTH", str(_LARGEST_BODY))  # one that came in chunks did not say
    task = WSGITask(channel, request)
    task.set_close_on_finish()
    return task


class _Channel(HTTPChannel):
    error_task_class = staticmethod(_refusal)  # type: ignore[assignment]  # the stubs know only the class


class Server:
    """`start` listens and answers in a thread of its own; `url` is then known, also where the port was 0."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.url = ""
        self._thread: threading.Thread | None = None
        self._server: Any = None
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
        listening = listen(settings.host, settings.port)
        more = {**WAITRESS_SETTINGS, "max_request_body_size": _LARGEST_BODY}
        self._server = create_server(self._app, sockets=[listening], **more)
        self._server.channel_class = _Channel
        self.url = f"http://{_host(settings.host)}:{listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)
        self._thread.start()
        self._tell_where()

    def _check_sign_in(self, host: str) -> None:
        """Others could reach it: raise Forbidden while nobody can sign in."""
        if self.runtime.people.setup.wanted():
            raise Forbidden(
                f"Forge does not listen on {host} while nobody can sign in: make an admin first by `forge people add "
                "NAME --role admin`, or start it without --host once, and open the link that it prints.",
                code="sign_in_not_set_up",
            )
        _log.warning("Forge listens on %s without TLS: who is on the way reads along. Put TLS in front of it.", host)

    def answers(self, patience: float = 10.0) -> bool:
        """Whether it answers over HTTP within `patience` seconds, asked as anybody would."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=patience)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def close(self) -> None:
        """End every stream, then stop listening."""
        if self._server is None:
            return
        self._app.extensions["hub"].close()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)  # first: answers still need the server
        self._server.close()
        for file in (self.runtime.settings.address_file, self.runtime.settings.token_file):
            file.unlink(missing_ok=True)

    def _tell_where(self) -> None:
        """The command line finds address and token in the data folder, readable by their owner only."""
        settings = self.runtime.settings
        for file, text in ((settings.token_file, self.runtime.token.reveal()), (settings.address_file, self.url)):
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
    with _signals(ended.set):
        try:
            server.start()
            runtime.start()
            ready(server)
            ended.wait()
        finally:
            ending()
            server.close()
            runtime.close()


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


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
