"""The proxy port on Traefik: a file per domain in a folder that its file provider watches."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route
from forge.http import HttpFault, Reply, Session
from forge.ports import Answer, ProxyReport
from forge.proxies import asking
from forge.proxies import traefik_files as files
from forge.proxies.asking import TARGET_HEADER

SEEN_WITHIN = 5.0  # seconds; Traefik collects changes for two, unless told otherwise
_PAUSE = 0.05
_OWN_FAULTS = frozenset({502, 503, 504})  # what Traefik says itself when a target does not answer


class TraefikProxy:
    """Routes in the Traefik that `connection` names, whose API only tells; what changes are files. `home` is this
    Forge's data folder, as a short word: files of another home are strangers'.
    """

    def __init__(
        self,
        connection: ProxyConnection,
        *,
        home: str,
        http: Session,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._http = http
        self._clock = clock
        self._sleep = sleep
        self._folder = files.Folder(connection.options["directory"], home)
        self._host = urlsplit(connection.url or "").netloc
        self._changing = threading.Lock()
        self._turn = itertools.count()

    def test(self) -> ProxyReport:
        """Ask, and say exactly what is wrong; never raises."""
        version = ""
        try:
            version = str(self._json("/api/version").get("Version", ""))
            wrong = self._folder.check() or self._lacks_provider() or self._nobody_there()
        except (ProxyError, ProxyUnavailable) as error:
            fault = "connect" if isinstance(error, ProxyUnavailable) else "answer"
            return ProxyReport(ok=False, text=error.message, version=version, fault=fault)
        text = wrong or f"Traefik {version} answers, and leads people at {self._connection.address}"
        return ProxyReport(ok=not wrong, text=text, version=version)

    def routes(self) -> tuple[Route, ...]:
        """The routes in Forge's files, if Traefik is there to follow them."""
        self._json("/api/version")
        return tuple(
            Route(domain, targets)
            for domain in self._folder.domains()
            if (targets := files.targets_in(self._folder.read(domain), self._folder.name(domain)))
        )

    def prepare(self, route: Route) -> str:
        """Traefik asks for certificates itself."""
        del route
        return ""

    def point(self, route: Route, *, again: bool = False) -> None:
        """Lead `route.domain` to `route.targets`; nothing is written if it leads there, unless `again`."""
        name = self._folder.name(route.domain)
        with self._changing:
            self._check_free(route.domain)
            present = self._folder.read(route.domain)
            token, _ = files.asking_in(present, name)
            entrypoints = self._connection.options.get("entrypoints", "")
            wanted = files.configuration(name, route, entrypoints, token or secrets.token_hex(16))
            if wanted == present and not again:
                return
            self._folder.write(route.domain, wanted)
        self._wait(lambda: self._serves(route), name)

    def remove(self, domain: str) -> None:
        """Take Forge's file for `domain` away."""
        self._json("/api/version")
        with self._changing:
            there = self._folder.delete(domain)
        if there:
            name = self._folder.name(domain)
            self._wait(lambda: self._get(f"/api/http/routers/{name}@file").status == 404, name)

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        """Request `path` of `route.domain` on a new connection; redirects are not followed. Of several targets the
        next is asked in turn, and the one after it where one does not answer, as people are led.
        """
        name, present = self._folder.name(route.domain), self._folder.read(route.domain)
        token, secure = files.asking_in(present, name)
        befores = files.paths(token, len(files.targets_in(present, name))) if token else ("",)
        first = next(self._turn)
        for more in range(len(befores)):
            before = befores[(first + more) % len(befores)]
            heard = asking.ask(
                asking.entrance(self._connection, secure=secure), route.domain, before + path, timeout=timeout
            )
            if heard.status not in _OWN_FAULTS:
                break
        told = "" if heard.status in _OWN_FAULTS else heard.headers.get(TARGET_HEADER, "")
        target = asking.parse_target(told) if token else None
        return Answer(status=heard.status, target=target, milliseconds=heard.milliseconds)

    def url(self, route: Route) -> str:
        """http(s)://domain, with the port if it is not the scheme's own."""
        secure = files.is_secure(route)
        unknown = "https://unknown" if secure else "http://unknown"
        return asking.address_of(asking.entrance(self._connection, secure=secure) or unknown, route.domain)

    def close(self) -> None:
        """Nothing is kept open; the HTTP session is its owner's."""

    # ---- what Traefik has

    def _check_free(self, domain: str) -> None:
        for router in self._routers():
            own = str(router.get("name", "")).startswith(self._folder.name(domain))
            if not own and domain.lower() in files.hosts_in(str(router.get("rule", ""))):
                raise ProxyError(
                    f"The router {router.get('name')} in Traefik already answers for {domain}: "
                    "remove it there, or choose another domain",
                    code="domain_taken",
                )

    def _routers(self) -> Iterator[Mapping[str, Any]]:
        page = "1"
        while page:
            reply = self._get(f"/api/http/routers?per_page=100&page={page}")
            found = self._read(reply)
            if not isinstance(found, list):
                raise self._stranger()
            yield from found
            following = reply.headers.get("X-Next-Page", "1")
            page = "" if following == "1" else following  # after the last comes the first

    def _serves(self, route: Route) -> bool:
        """Whether Traefik's running configuration has the route; raise ProxyError with why it refused it."""
        name = self._folder.name(route.domain)
        router = self._get(f"/api/http/routers/{name}@file")
        if router.status != 200:
            return False
        faults = self._read(router).get("error")
        if faults:
            raise ProxyError(f"Traefik does not take the route: {'; '.join(map(str, faults))[:500]}")
        service = self._read(self._get(f"/api/http/services/{name}@file"))
        return files.targets_in({"http": {"services": {name: service}}}, name) == route.targets

    def _wait(self, done: Callable[[], bool], name: str) -> None:
        """Return when Traefik has read the folder. Raise ProxyError if it does not."""
        end = self._clock() + SEEN_WITHIN
        while not done():
            if self._clock() >= end:
                folder = self._connection.options["directory"]
                raise ProxyError(
                    f"Traefik did not read {name}.yml within {SEEN_WITHIN:.0f} s: let its file provider watch "
                    f"{folder} (providers.file.directory and watch)",
                    code="traefik_deaf",
                )
            self._sleep(_PAUSE)

    def _lacks_provider(self) -> str:
        providers = self._json("/api/overview").get("providers") or []
        todo = f"add providers.file with directory={self._connection.options['directory']} and watch=true"
        return "" if "File" in providers else f"Traefik has no file provider: {todo} to its static configuration"

    def _nobody_there(self) -> str:
        if self._connection.address is None:
            return "Traefik answers, but the proxy has no address: give the one on which people reach it"
        try:
            asking.ask(self._connection.address, "forge.invalid", "/", timeout=5)
        except ProxyUnavailable as error:
            return f"{error.message}. Correct the proxy's address: where Traefik listens, such as http://127.0.0.1:80"
        return ""

    # ---- the wire

    def _get(self, path: str) -> Reply:
        try:
            return self._http.request("GET", f"{(self._connection.url or '').rstrip('/')}{path}", timeout=10)
        except HttpFault as fault:
            raise ProxyUnavailable(f"Traefik's API does not answer: {fault.message}") from None

    def _json(self, path: str) -> Any:
        return self._read(self._get(path))

    def _read(self, reply: Reply) -> Any:
        if reply.status != 200:
            raise self._stranger()
        try:
            return reply.json()
        except HttpFault:
            raise self._stranger() from None

    def _stranger(self) -> ProxyError:
        return ProxyError(
            f"{self._host} answers, but not as Traefik's API does: correct the proxy's url, and switch the API on "
            "(api.insecure=true listens on :8080)",
            code="not_traefik",
        )
