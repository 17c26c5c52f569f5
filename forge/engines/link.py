"""The way to a Docker engine: connects when first needed, again after Docker restarted, and translates every error."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from forge.domain.errors import EngineError, EngineUnavailable
from forge.engines import errors, reach
from forge.engines.access import Access
from forge.engines.dial import dial
from forge.engines.wire import Stream

if TYPE_CHECKING:
    import requests
    from docker import APIClient
    from docker.errors import APIError

_TIMEOUT = 60  # seconds for an answer; creating a container on a busy machine takes several
_HELLO = 5  # seconds for the first answer of an engine
_SSH_HELLO = 15  # the same with a login before it


class Link:
    """One engine, reached as `access` says whenever it has to be found anew. Making one touches nothing."""

    def __init__(self, name: str, access: Callable[[], Access], *, timeout: float = _TIMEOUT) -> None:
        self.name = name
        self._access = access
        self._timeout = timeout
        self._lock = threading.Lock()
        self._dialing = threading.Lock()  # apart, so that closing need not wait for an engine that hangs
        self._client: APIClient | None = None
        self._streams: set[Stream] = set()

    @property
    def access(self) -> Access:
        """Where the engine is now, as the environment may decide; raise EngineError for what it says wrongly."""
        return self._access()

    @property
    def local(self) -> bool:
        """Whether the engine runs on this machine (or in its virtual machine, as Docker Desktop does)."""
        return reach.is_local(self.access)

    @contextlib.contextmanager
    def ask(
        self,
        doing: str,
        *,
        fine: frozenset[int] = frozenset(),
        secrets: Iterable[str] = (),
        meanings: errors.Meanings = errors.ANYWHERE,
    ) -> Iterator[APIClient]:
        """Lend the client for `doing`, a phrase such as “start shop-dev-a1b2c3”.

        Raises EngineUnavailable, or EngineError with code `gone` for a container that is not there, `conflict`, or
        what the text means (forge.engines.errors). The HTTP statuses in `fine` end the block instead. `secrets`
        never appear in the error.
        """
        from docker import errors as docker_errors  # noqa: PLC0415 - 100 ms to import
        from requests import RequestException  # noqa: PLC0415
        from urllib3 import exceptions  # noqa: PLC0415

        try:
            yield self._connect()
        except docker_errors.APIError as error:
            if error.status_code not in fine:
                raise self._refused(doing, error, secrets, meanings) from None
        except docker_errors.InvalidVersion:
            raise errors.too_old(self.name) from None
        except (RequestException, docker_errors.DockerException, exceptions.HTTPError, OSError) as error:
            self.forget()
            # Without its cause: requests keeps headers, and with them logins, in its errors.
            raise errors.unreachable(self.name, self.access.url, error) from None

    def _refused(
        self, doing: str, error: APIError, secrets: Iterable[str], meanings: errors.Meanings
    ) -> EngineError | EngineUnavailable:
        said = str(error.explanation or error.response.reason if error.response is not None else error)
        if error.status_code == 400 and "client version" in said:
            self.forget()  # Docker was replaced by another version: the next call negotiates anew
            return errors.unreachable(self.name, self.access.url)
        if error.status_code == 404 and "o such container" in said:
            return errors.refused(doing, said, code="gone")
        return errors.refused(
            doing, said, code="conflict" if error.status_code == 409 else None, secrets=secrets, meanings=meanings
        )

    def _connect(self) -> APIClient:
        with self._lock:
            if self._client is not None:
                return self._client
        access = self.access
        hello = min(_SSH_HELLO if access.checked().is_ssh else _HELLO, self._timeout)
        if not self._dialing.acquire(timeout=hello):  # an engine that hangs must hold nobody up for long
            raise TimeoutError("the engine does not answer")
        try:
            client = self._client
            if client is None:
                client = dial(access, hello=hello, timeout=self._timeout)
                with self._lock:
                    self._client = client
            return client
        finally:
            self._dialing.release()

    @contextlib.contextmanager
    def stream(
        self,
        doing: str,
        method: str,
        path: str,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        meanings: errors.Meanings = errors.ANYWHERE,
        endless: bool = True,
    ) -> Iterator[Stream]:
        """Open an answer that comes bit by bit; leaving the block closes it, whoever reads it. Opening raises as `ask`
        does. One that is not `endless` breaks off when nothing comes for as long as any answer may take.
        """
        patience = None if endless else self._timeout
        with self.ask(doing, secrets=secrets, meanings=meanings) as client:
            stream = Stream(self._open(client, method, path, params, headers, patience))
        with self._lock:
            self._streams.add(stream)
        try:
            yield stream
        finally:
            with self._lock:
                self._streams.discard(stream)
            stream.close()

    @staticmethod
    def _open(  # noqa: PLR0917 one call, above
        client: APIClient,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None,
        patience: float | None,
    ) -> requests.Response:
        """The SDK hides the answer's socket and the stream that a line came from, so the request is made here."""
        from docker import errors as docker_errors  # noqa: PLC0415
        from requests import HTTPError  # noqa: PLC0415

        url = f"{client.base_url}/v{client.api_version}{quote(path, safe='/:')}"
        answer = client.request(method, url, params=params, headers=headers, stream=True, timeout=(10, patience))
        try:
            answer.raise_for_status()
        except HTTPError as error:
            docker_errors.create_api_error_from_http_exception(error)
        return answer

    def lines(self, stream: Stream) -> Iterator[dict[str, Any]]:
        """JSON lines until the end; EngineUnavailable if the engine broke off, EngineError for what is no JSON."""
        for line in stream.lines(self.broken):
            try:
                if line.strip():
                    yield json.loads(line)
            except ValueError:
                raise errors.refused("be understood", line.decode(errors="replace")) from None

    def broken(self) -> EngineUnavailable:
        """The error for an engine that went away in the middle of a stream."""
        self.forget()
        return errors.unreachable(self.name, self.access.url)

    def forget(self) -> None:
        """Let the next call connect and negotiate anew."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """End every open stream and connection."""
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        self.forget()
