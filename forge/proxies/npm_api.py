"""Nginx Proxy Manager's own API: logging in, and telling apart what its releases answer when they refuse.

Nothing that it answers is ever logged: proxy hosts come with the passwords of their access lists.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from forge.clock import steady
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.secret import Secret
from forge.http import Bearer, HttpFault, Reply, Session

TIMEOUT = 30.0  # seconds; NPM tests nginx's configuration before it answers
RENEW = 3600.0  # seconds before its end that a login is renewed; NPM gives a day
BACK = 15.0  # seconds that NPM has to come back after it broke down
_PAUSE = 0.25

Version = tuple[int, int, int]


class NpmBroke(ProxyError):
    """NPM answered that it failed inside; what was asked for may have been done, or half of it."""

    code = "npm_broke"


class NpmGone(ProxyError):
    """There is no such row."""

    code = "npm_gone"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    value: Any
    is_json: bool

    @classmethod
    def of(cls, reply: Reply) -> _Answer:
        try:
            return cls(reply.status, reply.json(), True)
        except HttpFault:
            return cls(reply.status, None, False)

    @property
    def said(self) -> str:
        """NPM's own words, "" if there are none."""
        error = self.value.get("error") if isinstance(self.value, dict) else None
        said = error.get("message") if isinstance(error, dict) else error
        return said[:500] if isinstance(said, str) else ""

    def is_login(self, path: str) -> bool:
        """Whether NPM wants another login, or does not allow it: each release says so in its own way."""
        if self.status in {401, 403}:
            return True
        if self.status == 400:
            return "token has expired" in self.said.lower()
        # from 2.13 on also what is not allowed is “not found”; a row that is missing is named by its number only
        return self.status == 404 and self.said.endswith(f"- {path}")


class NpmApi:
    """The API of the NPM whose pages are at `url`, for one of its users. May be used by many threads at once."""

    def __init__(
        self,
        url: str,
        username: str,
        password: Secret | None,
        *,
        http: Session,
        clock: Callable[[], float] = steady,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self.host = urlsplit(url).netloc
        self.username = username
        self._password = password
        self._http = http  # of its own: nothing is kept in it
        self._clock = clock
        self._sleep = sleep
        self._token: Secret | None = None
        self._until = 0.0
        self._login_lock = threading.Lock()

    def version(self) -> Version:
        """Its release, without a login. Raise ProxyError if it is no NPM, or has no user yet; ProxyUnavailable."""
        answer = self._send("GET", "/", auth=False)
        said = answer.value if isinstance(answer.value, dict) else {}
        version = said.get("version")
        if answer.status != 200 or not isinstance(version, dict):
            raise ProxyError(
                f"{self.host} answers, but not as Nginx Proxy Manager does: correct the proxy's url "
                "(its own default is http://HOST:81)",
                code="not_npm",
            )
        if said.get("setup") is False:
            raise ProxyError(
                f"Nginx Proxy Manager at {self.host} has no user yet: open it in a browser and make the first",
                code="no_user",
            )
        major, minor, revision = (int(version.get(name, 0)) for name in ("major", "minor", "revision"))
        return major, minor, revision

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout: float = TIMEOUT) -> Any:
        """What NPM answers. Raise NpmGone, NpmBroke, ProxyError with what it says, or ProxyUnavailable.

        Where the answer may mean that the login is no longer good, Forge logs in anew and asks once more.
        """
        token = self._fresh()
        answer = self._send(method, path, body, auth=True, timeout=timeout)
        # 500 is also what a token signed by another NPM gets; only reading may be repeated without a thought
        if answer.is_login(path) or (answer.status == 500 and method == "GET"):
            self._log_in(instead_of=token)
            answer = self._send(method, path, body, auth=True, timeout=timeout)
        if answer.is_login(path):
            raise self.denied(f"{method} {path}")
        return self._value(answer, path)

    def wait_until_back(self) -> None:
        """Return when NPM answers; it restarts within a second or two of a crash. Raise ProxyUnavailable."""
        end = self._clock() + BACK
        while True:
            try:
                self.version()
            except ProxyUnavailable:
                if self._clock() >= end:
                    raise
                self._sleep(_PAUSE)
            else:
                return

    def denied(self, what: str) -> ProxyError:
        """The user may log in, and not do this."""
        return ProxyError(
            f"{self.username} may not do this in Nginx Proxy Manager ({what.partition('?')[0]}): "
            "give that user “Proxy Hosts: Manage”, “Certificates: View” and “Visibility: All Items”, or another login",
            code="proxy_rights",
        )

    # ---- logging in

    def _fresh(self) -> Secret:
        """A token that will do for a while."""
        with self._login_lock:
            if self._token is not None and self._until - self._clock() > RENEW:
                return self._token
            return self._renewed() or self._new()

    def _log_in(self, *, instead_of: Secret) -> None:
        with self._login_lock:
            if self._token is instead_of:  # else another thread has just done it
                self._token = None
                self._new()

    def _renewed(self) -> Secret | None:
        if self._token is None or self._until <= self._clock():
            return None
        answer = self._send("GET", "/tokens", auth=True)
        return self._keep(answer.value) if answer.status == 200 else None

    def _new(self) -> Secret:
        """Log in with the password."""
        if self._password is None:
            raise ProxyError(
                f"Nginx Proxy Manager needs the password of {self.username}: give it to the proxy", code="proxy_login"
            )
        body = {"identity": self.username, "secret": self._password.reveal()}
        answer = self._send("POST", "/tokens", body, auth=False)
        if answer.status == 200 and isinstance(answer.value, dict):
            if answer.value.get("requires_2fa"):
                raise ProxyError(
                    f"{self.username} logs in to Nginx Proxy Manager with a second factor, which Forge cannot type: "
                    "make a user for Forge there without two-factor authentication, and give Forge that login",
                    code="proxy_two_factor",
                )
            if token := self._keep(answer.value):
                return token
        if answer.status in {400, 401, 403}:
            raise ProxyError(
                f"Nginx Proxy Manager does not take the login of {self.username} ({answer.said or answer.status}): "
                "correct the user name or the password",
                code="proxy_login",
            )
        self._value(answer, "/tokens")
        raise ProxyError(f"{self.host} does not answer a login as Nginx Proxy Manager does", code="not_npm")

    def _keep(self, said: Any) -> Secret | None:
        token = said.get("token") if isinstance(said, dict) else None
        if not isinstance(token, str):
            return None
        self._token = Secret(token)
        try:
            self._until = datetime.fromisoformat(str(said.get("expires"))).timestamp()
        except ValueError:
            self._until = self._clock() + 2 * RENEW
        return self._token

    # ---- the wire

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, auth: bool, timeout: float = TIMEOUT
    ) -> _Answer:
        bearer = Bearer(token=self._token) if auth and self._token else None
        headers = {"Connection": "close"}
        try:
            reply = self._http.request(
                method, f"{self._url}/api{path}", json=body, auth=bearer, timeout=timeout, headers=headers
            )
        except HttpFault as fault:
            raise ProxyUnavailable(f"Nginx Proxy Manager does not answer: {fault.message}") from None
        finally:  # a connection of its own each time: its backend restarts at will, and a POST is not to be sent twice
            self._http.close()
        answer = _Answer.of(reply)
        if reply.status in {502, 503, 504} and not answer.is_json:
            raise ProxyUnavailable(
                f"Nginx Proxy Manager at {self.host} is up, but what is behind its pages is not: "
                "wait a moment, or look at its log"
            )
        return answer

    def _value(self, answer: _Answer, path: str) -> Any:
        if 200 <= answer.status < 300:
            return answer.value
        if answer.status == 404:
            raise NpmGone(f"Nginx Proxy Manager has no {path} any more", code="npm_gone")
        if answer.status >= 500:
            raise NpmBroke(
                f"Nginx Proxy Manager failed at {path.partition('?')[0]} ({answer.said or answer.status}): "
                "look at its log; often one broken host keeps nginx from taking any change"
            )
        raise ProxyError(f"Nginx Proxy Manager refused: {answer.said or f'status {answer.status}'}", code="npm_refused")
