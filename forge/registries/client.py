"""Asking one registry: who is asking, how many at a time, when not at all, and what its refusals mean."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from forge.clock import steady
from forge.domain.connection import RegistryConnection
from forge.domain.errors import RegistryError, RegistryUnavailable
from forge.domain.secret import Secret
from forge.http import Basic, Bearer, HttpFault, Reply, Session
from forge.ports import Login
from forge.registries.challenge import Challenge, Token, TokenCache, choose, read_token
from forge.registries.flavours import api_url, flavour_of
from forge.registries.limits import Limits

_REDIRECTS = 3  # blobs of Docker Hub and GHCR are kept elsewhere
_MEANT = frozenset({200, 404})


class Client:
    """At most `connection.parallel` requests at a time, tokens kept, limits kept to; for many threads.

    `requests` counts what was sent by (method, kind), kind being base, token, manifest, tags or blob.
    `clock` gives unix seconds, `monotonic` seconds for the life of tokens.
    """

    def __init__(
        self,
        connection: RegistryConnection,
        login: Login | None,
        session: Session,
        *,
        clock: Callable[[], float] = steady,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host = connection.host
        self.base = api_url(connection)
        self.flavour = flavour_of(connection)
        self.limits = Limits(connection.host)
        self.requests: Counter[tuple[str, str]] = Counter()
        self._login = login
        self._session = session
        self._clock = clock
        self._monotonic = monotonic
        self._places = threading.BoundedSemaphore(connection.parallel)
        self._counting = threading.Lock()
        self._discovering = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Ask anew who must log in how, and for new tokens."""
        self._tokens = TokenCache(self._monotonic)
        self._challenge: Challenge | None = None
        self._discovered = False

    def ask(
        self,
        method: str,
        path: str,
        kind: str,
        *,
        repository: str,
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """The answer to a request for `repository`, of status 200 or 404; else RegistryError, RegistryUnavailable."""
        scope = f"repository:{repository}:pull"

        def send(auth: Basic | Bearer | None) -> Reply:
            return self._send(method, self.base + path, kind, auth, accept=accept, query=query)

        auth = self._auth(self._known_challenge(), scope)
        reply = send(auth)
        if reply.status == 401:
            self._challenge = choose(reply.headers.get("WWW-Authenticate", "")) or self._challenge
            if isinstance(auth, Bearer) and _out_of_scope(self._challenge):
                raise self.refused(repository)  # another token would not help: RFC 6750 §3.1
            again = self._auth(self._challenge, scope, rejected=auth)
            if again is None or again == auth:
                raise self.refused(repository if isinstance(auth, Bearer) else None)
            reply = send(again)
        if reply.status in {401, 403}:
            raise self.refused(repository)
        if reply.status not in _MEANT:
            raise self.no_sense(f"{reply.status} to {method}")
        return reply

    def enter(self) -> Reply:
        """The answer to GET /v2/, with the login if there is one; without one a 401 is an answer too."""
        challenge = self._known_challenge()
        auth = self._auth(challenge, "") if self._login else None
        reply = self._send("GET", f"{self.base}/v2/", "base", auth)
        if self._login and reply.status in {401, 403}:
            raise self.refused(None)
        return reply

    @property
    def public_only(self) -> bool:
        """Whether the registry lets strangers try: it asks for a token, and there is no login."""
        return self._challenge is not None and self._challenge.scheme == "bearer" and self._login is None

    def refused(self, repository: str | None) -> RegistryError:
        """Not let in: to `repository`, or (None) at all."""
        if self._login is None:
            what = f"{repository} does not exist, or {self.host}" if repository else self.host
            return RegistryError(
                f"{what} asks for a login: {self.flavour.hidden if repository else _ADD}", code="login"
            )
        if repository is None:
            name = self._login.username
            return RegistryError(f"{self.host} refuses the login of {name}: {self.flavour.login}", code="login")
        return RegistryError(
            f"{self.host} does not show {repository} to {self._login.username}: {self.flavour.hidden}", code="login"
        )

    def no_sense(self, what: str) -> RegistryError:
        """An answer that a registry does not give."""
        return RegistryError(f"{self.host} answered {what}: check that its address is a registry's", code="answer")

    def _known_challenge(self) -> Challenge | None:
        """What the registry asks of strangers, learnt once: so no request for an image is spent on it."""
        with self._discovering:
            if not self._discovered:
                reply = self._send("GET", f"{self.base}/v2/", "base", None)
                if reply.status == 401:
                    self._challenge = choose(reply.headers.get("WWW-Authenticate", ""))
                self._discovered = True
            return self._challenge

    def _auth(
        self, challenge: Challenge | None, scope: str, rejected: Basic | Bearer | None = None
    ) -> Basic | Bearer | None:
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            login = self._login
            return Basic(username=login.username, password=login.password) if login else None
        refused = rejected.token if isinstance(rejected, Bearer) else None
        return Bearer(token=self._token(challenge, scope, refused))

    def _token(self, challenge: Challenge, scope: str, rejected: Secret | None) -> Secret:
        realm = self._checked_realm(challenge.realm)
        key = (realm, challenge.service, scope)
        return self._tokens.get(key, lambda: self._fetch(key), rejected)

    def _fetch(self, key: tuple[str, str, str]) -> Token:
        realm, service, scope = key
        login = self._login
        auth = Basic(username=login.username, password=login.password) if login else None
        query = {name: value for name, value in (("service", service), ("scope", scope)) if value}
        reply = self._send("GET", realm, "token", auth, query=query)
        if reply.status in {401, 403}:
            repository = scope.split(":")[1] if scope else None
            # GHCR says 403 with a good login for a package that the login may not see
            raise self.refused(repository if login is None or reply.status == 403 else None)
        if not reply.ok:
            raise self.no_sense(f"{reply.status} when asked for a token")
        try:
            return read_token(reply.json())
        except HttpFault as fault:
            raise RegistryError(fault.message, code="answer") from fault

    def _checked_realm(self, realm: str) -> str:
        scheme, host = urlsplit(realm).scheme, urlsplit(realm).hostname
        if not host or scheme not in {"https", urlsplit(self.base).scheme}:
            raise RegistryError(
                f"{self.host} wants the login sent to an address without TLS: Forge does not do that; "
                "correct the registry's realm",
                code="answer",
            )
        return realm

    def _send(
        self,
        method: str,
        url: str,
        kind: str,
        auth: Basic | Bearer | None,
        *,
        accept: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        with self._places:
            self.limits.check(self._clock())
            with self._counting:
                self.requests[method, kind] += 1
            try:
                reply = self._session.request(
                    method, url, headers={"Accept": accept}, query=query, auth=auth, redirects=_REDIRECTS
                )
            except HttpFault as fault:
                raise translated(fault) from fault
            now = self._clock()
            self.limits.note(reply.status, reply.headers, now)
        if reply.status in {429, 503}:
            self.limits.check(now)
        if reply.status == 429 or reply.status >= 500:
            raise RegistryUnavailable(f"{self.host} answered {reply.status}: try again later", code="answer")
        return reply


_ADD = "add a name and a password or token"


def translated(fault: HttpFault) -> RegistryError | RegistryUnavailable:
    """What a fault of HTTP is to a registry's user: waiting helps unless the certificate or the answer is wrong."""
    if fault.fault in {"certificate", "answer"}:
        return RegistryError(fault.message, code=fault.fault)
    return RegistryUnavailable(fault.message, code=fault.fault)


def _out_of_scope(challenge: Challenge | None) -> bool:
    return challenge is not None and challenge.parameters.get("error") == "insufficient_scope"
