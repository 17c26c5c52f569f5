"""Caddy's admin API: read a part of its configuration, change a part of it, both by path."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge import outgoing
from forge.domain.errors import ProxyError, ProxyUnavailable

TIMEOUT = 10.0  # seconds; a change answers when Caddy serves it, 2 to 10 ms as measured
BODY_LIMIT = 16 * 1024 * 1024  # bytes
READ_ATTEMPTS = 3


class Moved(Exception):
    """The configuration is not (or may not be) what was read: read it again and decide again."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the configuration. `etag` is "" where there is no such part (and `value` is None)."""

    value: Any
    etag: str


class Admin:
    """The admin API at `url` (http://127.0.0.1:2019). Every request has a connection of its own, because a
    change restarts the admin listener too.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._url = urlsplit(url)
        self._timeout = timeout
        self.host = self._url.netloc

    def read(self, path: str) -> Part:
        """The configuration at `path`. Raise ProxyUnavailable, or ProxyError if that is no Caddy of 2.6 or newer."""
        for attempt in range(READ_ATTEMPTS):
            try:
                answer = self._ask("GET", path)
                break
            except Moved:
                if attempt == READ_ATTEMPTS - 1:
                    raise ProxyUnavailable(
                        f"{self.host} closes the connection without an answer: is it Caddy?"
                    ) from None
        if answer.status == http.client.BAD_REQUEST and "invalid traversal path" in answer.error:
            return Part(None, "")
        if answer.status == http.client.FORBIDDEN:
            raise self._forbidden()
        if answer.status != http.client.OK or not answer.is_json:
            raise self._stranger()
        if not answer.etag:
            raise ProxyError(f"Caddy at {self.host} sends no ETag: Forge needs Caddy 2.6 or newer", code="too_old")
        return Part(answer.value, answer.etag)

    def change(self, method: str, path: str, value: Any, etag: str) -> None:
        """PUT, POST, PATCH or DELETE at `path`, if the part that `etag` came with is still the same.

        Raise Moved if it is not, or if the answer got lost; ProxyError with what Caddy says if it refuses.
        """
        answer = self._ask(method, path, value, etag)
        if answer.status == http.client.OK:
            return
        if answer.status == http.client.PRECONDITION_FAILED or "key already exists" in answer.error:
            raise Moved
        if answer.status == http.client.FORBIDDEN:
            raise self._forbidden()
        raise ProxyError(f"Caddy refused the change: {answer.error[:500] or f'status {answer.status}'}")

    def _ask(self, method: str, path: str, value: Any = None, etag: str = "") -> _Answer:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if etag:
            headers["If-Match"] = etag
        connection = self._connection()
        try:
            connection.connect()
            connection.request(method, path, None if value is None else json.dumps(value), headers)
            return _Answer.of(connection.getresponse())
        except (ConnectionResetError, BrokenPipeError, http.client.IncompleteRead, http.client.RemoteDisconnected):
            raise Moved from None
        except http.client.HTTPException:
            raise self._stranger() from None
        except OSError as error:
            raise ProxyUnavailable(
                f"Caddy's admin API at {self.host} does not answer ({_reason(error)}): "
                "start Caddy, or correct the proxy's url"
            ) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=self._timeout)
        outgoing.judge(connection)
        connection.response_class = _Response
        return connection

    def _stranger(self) -> ProxyError:
        return ProxyError(
            f"{self.host} answers, but not as Caddy's admin API does: correct the proxy's url "
            "(Caddy's own default is http://127.0.0.1:2019)",
            code="not_caddy",
        )

    def _forbidden(self) -> ProxyError:
        return ProxyError(
            f"Caddy's admin API does not let in requests for {self.host}: add “{self.host}” to admin.origins "
            "in Caddy's configuration",
            code="forbidden",
        )


class _Response(http.client.HTTPResponse):
    """Keeps the trailer: Caddy 2.6 sends the ETag there, and http.client throws it away."""

    trailer: http.client.HTTPMessage | None = None

    def _read_and_discard_trailer(self) -> None:
        self.trailer = http.client.parse_headers(self.fp)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    value: Any
    is_json: bool
    etag: str

    @classmethod
    def of(cls, response: http.client.HTTPResponse) -> _Answer:
        body = response.read(BODY_LIMIT)
        trailer = getattr(response, "trailer", None) or {}
        etag = response.getheader("ETag") or trailer.get("ETag") or ""
        try:
            return cls(response.status, json.loads(body), True, etag)
        except (ValueError, RecursionError):
            return cls(response.status, None, False, etag)

    @property
    def error(self) -> str:
        """What Caddy says is wrong, "" if it says nothing."""
        return str(self.value.get("error", "")) if isinstance(self.value, dict) else ""


def _reason(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
