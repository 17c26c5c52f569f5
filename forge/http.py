"""One way to ask other programs over HTTP: always with time-outs, limits, verified TLS and errors as sentences."""

from __future__ import annotations

import base64
import ipaddress
import json as jsonlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from forge import __version__, outgoing
from forge.domain.errors import Unavailable
from forge.domain.secret import Secret

if TYPE_CHECKING:  # requests costs 95 ms: it is imported with the first request
    import requests

CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 15.0  # seconds between two pieces of an answer
BODY_LIMIT = 4 * 1024 * 1024  # bytes
USER_AGENT = f"forge/{__version__}"

_DRIP = 4  # an answer that comes in crumbs may take this many read time-outs in all
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})
_UNTRUSTED = "The certificate of {} is not trusted ({reason}): renew it, or tell Forge which authority signed it"


class HttpFault(Unavailable):
    """No usable answer. `fault`: name, connect, certificate, timeout or answer; the sentence names the host only."""

    code = "unreachable"

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """A name and password, sent as RFC 7617 says (UTF-8)."""

    username: str
    password: Secret

    def header(self) -> str:
        pair = f"{self.username}:{self.password.reveal()}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A token, sent as RFC 6750 says."""

    token: Secret

    def header(self) -> str:
        return f"Bearer {self.token.reveal()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of any status. `headers` are found in any case; `url` is who answered, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    milliseconds: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body read as JSON. Raise HttpFault “answer” if it is none."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise HttpFault("answer", f"{host_of(self.url)} did not answer with JSON: is it the right address?") from (
                error
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str] | None
    data: Any
    timeouts: tuple[float, float]  # connect, read
    total: float  # seconds for all of it
    limit: int | None  # bytes of body; None: leave it unread
    keep: Callable[[bytes], object] | None = None  # takes the body of a good answer, of any size


class Session:
    """Keeps connections alive and may be used by many threads at once.

    `authorities` are certificates (PEM text) to trust beside the usual ones. Time-outs in seconds, `body_limit`
    in bytes, `pool` connections kept per host. Proxies of the environment are used, but never for loopback;
    netrc and cookies never.
    """

    def __init__(
        self,
        *,
        authorities: str | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        body_limit: int = BODY_LIMIT,
        pool: int = 8,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorities = authorities
        self._timeouts = (connect_timeout, read_timeout)
        self._body_limit = body_limit
        self._pool = pool
        self._clock = clock
        self._making = threading.Lock()
        self._session: requests.Session | None = None

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        auth: Basic | Bearer | None = None,
        timeout: float | None = None,
        body_limit: int | None = None,
        read_body: bool = True,
        redirects: int = 0,
    ) -> Reply:
        """Ask once and return the answer, whatever its status. Raise HttpFault if there is none.

        `timeout` (seconds) replaces both time-outs and bounds the whole answer. `json` is encoded, `form` is
        urlencoded, `body` sent as is. `read_body=False` leaves the body unread. Up to `redirects` are followed,
        for GET and HEAD, never to another scheme; `auth` goes to the first host only.
        """
        sent = _headers(headers, auth)
        data: Any = form if form is not None else body
        if json is not None:
            data = jsonlib.dumps(json).encode()
            sent.setdefault("Content-Type", "application/json")
        limit = self._body_limit if body_limit is None else body_limit
        call = _Call(
            method=method,
            url=url,
            headers=sent,
            query=query,
            data=data,
            timeouts=self._timeouts if timeout is None else (timeout, timeout),
            total=self._timeouts[1] * _DRIP if timeout is None else timeout,
            limit=limit if read_body else None,
        )
        return self._ask(call, redirects)

    def download(
        self,
        url: str,
        keep: Callable[[bytes], object],
        *,
        json: Any = None,
        auth: Basic | Bearer | None = None,
        timeout: float,
    ) -> Reply:
        """GET what may be large, or POST `json` for it: `keep` takes a good answer's body piece by piece; `timeout`
        seconds for all of it.

        Of an answer that is not good the Reply has the body. Raise HttpFault, also if less came than was said.
        """
        sent = {} if json is None else {"Content-Type": "application/json"}
        call = _Call(
            method="GET" if json is None else "POST", url=url, headers=_headers(sent, auth), query=None,
            data=None if json is None else jsonlib.dumps(json).encode(), timeouts=self._timeouts,
            total=timeout, limit=self._body_limit, keep=keep,
        )  # fmt: skip
        return self._once(call)

    def close(self) -> None:
        """Close the kept connections. The session may be used again."""
        if self._session is not None:
            self._session.close()

    def _ask(self, call: _Call, redirects: int) -> Reply:
        for _ in range(redirects + 1):
            reply = self._once(call)
            target = reply.headers.get("Location")
            if not redirects or call.method not in _SAFE or reply.status not in _REDIRECTS or not target:
                return reply
            call = _follow(call, target)
        raise HttpFault("answer", f"{host_of(call.url)} redirects again and again: check the address")

    def _once(self, call: _Call) -> Reply:
        import requests  # noqa: PLC0415  slow to import
        import urllib3  # noqa: PLC0415

        begun = self._clock()
        try:
            if (reason := outgoing.why_not(urlsplit(call.url).hostname or "")) is not None:
                raise outgoing.Refused(reason)  # here too: a proxy in between would ask for us
            with self._send(call) as response:
                body = b"" if call.limit is None else self._body(response, call, begun + call.total)
                spent = (self._clock() - begun) * 1000
                return Reply(
                    status=response.status_code, headers=response.headers, body=body, url=call.url, milliseconds=spent
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            # the cause is left out: its text may hold an address with a login in it
            raise fault_of(error, host_of(call.url)) from None

    def _send(self, call: _Call) -> requests.Response:
        import requests  # noqa: PLC0415

        try:
            return self._send_once(call)
        except requests.ConnectionError as error:
            if call.method in _SAFE and any(isinstance(cause, ConnectionResetError) for cause in _chain(error)):
                return self._send_once(call)  # a kept connection was closed by the other side just as we used it
            raise

    def _send_once(self, call: _Call) -> requests.Response:
        from requests import utils  # noqa: PLC0415

        loopback = is_loopback(urlsplit(call.url).hostname or "")
        return self._requests().request(
            call.method,
            call.url,
            headers=call.headers,
            params=call.query,
            data=call.data,
            timeout=call.timeouts,
            allow_redirects=False,
            stream=True,
            proxies={} if loopback else utils.get_environ_proxies(call.url),
        )

    def _body(self, response: requests.Response, call: _Call, deadline: float) -> bytes:
        chunks: list[bytes] = []
        size, limit = 0, call.limit
        keep = call.keep if 200 <= response.status_code < 300 else None
        # read1 returns what is there: iter_content would wait for a full chunk past any deadline
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            (keep or chunks.append)(chunk)
            size += len(chunk)
            if keep is None and limit is not None and size > limit:
                raise HttpFault(
                    "answer", f"{host_of(response.url)} sent more than {limit} bytes: is it the right address?"
                )
            if self._clock() > deadline:
                raise HttpFault("timeout", f"{host_of(response.url)} answers too slowly: try again later")
        return b"".join(chunks)

    def _requests(self) -> requests.Session:
        with self._making:
            if self._session is None:
                self._session = _new_session(self._pool, self._authorities)
            return self._session


def _new_session(pool: int, authorities: str | None) -> requests.Session:
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415

    import requests  # noqa: PLC0415
    from requests import adapters  # noqa: PLC0415

    class Adapter(adapters.HTTPAdapter):
        def init_poolmanager(self, *sizes: Any, **more: Any) -> None:
            """Requests adds the usual authorities to the context, and checks names by it."""
            context = ssl.create_default_context()
            if authorities is not None:
                context.load_verify_locations(cadata=authorities)
            super().init_poolmanager(*sizes, ssl_context=context, **more)
            outgoing.guard(self.poolmanager)

    session = requests.Session()
    session.trust_env = False  # no netrc: a login is always said
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter(pool_maxsize=pool))
    return session


def _headers(headers: Mapping[str, str] | None, auth: Basic | Bearer | None) -> dict[str, str]:
    sent = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})}
    if auth is not None:
        sent["Authorization"] = auth.header()
    return sent


def host_of(url: str) -> str:
    """host[:port] of `url`, as people are told it: no login, path or query."""
    return urlsplit(url).netloc.rpartition("@")[2] or "the address"


def is_loopback(host: str) -> bool:
    """Whether `host` (name or address, no port) is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def redirected(url: str, target: str) -> str:
    """Where `target`, seen at `url`, leads. Raise HttpFault if that is another scheme."""
    found = urljoin(url, target)
    ours, theirs = urlsplit(url).scheme, urlsplit(found).scheme
    if ours != theirs:
        raise HttpFault(
            "answer", f"{host_of(url)} sends us from {ours} to {theirs[:20]}: write its address with {theirs[:20]}://"
        )
    return found


def _follow(call: _Call, target: str) -> _Call:
    url = redirected(call.url, target)
    headers = dict(call.headers)
    if _origin(url) != _origin(call.url):
        headers.pop("Authorization", None)
    return replace(call, url=url, headers=headers, query=None)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def fault_of(error: BaseException, host: str) -> HttpFault:
    """What `error` (of requests, urllib3 or the system) means to a person who asked `host`."""
    import ssl  # noqa: PLC0415
    from http.client import IncompleteRead  # noqa: PLC0415

    import requests  # noqa: PLC0415
    import urllib3  # noqa: PLC0415

    causes = tuple(_chain(error))
    refused = next((str(c) for c in causes if isinstance(c, outgoing.Refused)), "")
    reason = next((c.verify_message for c in causes if isinstance(c, ssl.SSLCertVerificationError)), "")
    # In this order: urllib3 counts a refused connection among its time-outs, and all of it among its errors.
    for kinds, fault, text in (
        ((outgoing.Refused,), "connect", "Nothing is sent to {}: {refused}"),
        ((requests.exceptions.ProxyError,), "connect", "{} is out of reach: check HTTPS_PROXY and NO_PROXY"),
        ((ssl.SSLCertVerificationError,), "certificate", _UNTRUSTED),
        ((ssl.SSLError,), "certificate", "{} does not speak TLS as it should: check http:// or https://, and the port"),
        ((urllib3.exceptions.NameResolutionError,), "name", "{} does not resolve: check the spelling"),
        ((UnicodeError, requests.exceptions.InvalidURL), "name", "{} is no address: check the spelling"),
        ((ConnectionRefusedError,), "connect", "{} refuses the connection: check the port, and whether it runs"),
        ((requests.Timeout, TimeoutError), "timeout", "{} does not answer in time: check the address and the network"),
        ((urllib3.exceptions.ReadTimeoutError,), "timeout", "{} answers too slowly: try again later"),
        ((ConnectionError, IncompleteRead), "connect", "{} broke off in the middle: try again later"),
        ((urllib3.exceptions.ProtocolError,), "answer", "{} speaks no HTTP: check the address and the port"),
        ((OSError,), "connect", "{} cannot be reached: check the address and the network"),
    ):
        if any(isinstance(cause, kinds) for cause in causes):
            return HttpFault(fault, text.format(host, reason=reason, refused=refused))
    return HttpFault("answer", f"{host} gave no answer that can be read: check the address and the port")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and all that it wraps: requests keeps causes in args, urllib3 in `reason`."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
