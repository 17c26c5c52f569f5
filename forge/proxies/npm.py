"""The proxy port on Nginx Proxy Manager: one proxy host per domain, told to the API behind its pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forge.clock import steady
from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route, Target
from forge.domain.secret import Secret
from forge.http import Session
from forge.ports import Answer, ProxyReport
from forge.proxies import asking, npm_certificates, npm_hosts
from forge.proxies.asking import ASK_HEADER, TARGET_HEADER
from forge.proxies.npm_api import NpmApi, NpmBroke, NpmGone, Version
from forge.proxies.npm_certificates import CERTIFICATES
from forge.proxies.npm_hosts import HOSTS, Host

OLDEST: Version = (2, 9, 0)
_LOOKS = 60  # at a new host, until NPM has told nginx
_PAUSE = 0.05  # seconds between two looks
_READS_WITHIN = 5.0  # seconds that nginx has to read what NPM wrote
_STEADY = 4  # looks in a row after which no old worker of nginx is left
_FAULTS = {
    "proxy_unavailable": "connect", "proxy_login": "login", "proxy_two_factor": "login", "proxy_rights": "login",
    "not_npm": "answer",
}  # fmt: skip
_BYTES_HEADER = "X-Forge-Bytes"


@dataclass(frozen=True, slots=True)
class _Known:
    """How to ask for a domain, as its host said when it was last seen."""

    token: str | None
    secure: bool


class NpmProxy:
    """Proxy hosts in the NPM that `connection` names. `home` is this Forge's data folder, as a short word: hosts of
    another home are strangers'. `environment` holds what the option dns_credentials names.
    """

    def __init__(
        self,
        connection: ProxyConnection,
        password: Secret | None,
        *,
        home: str,
        http: Session,
        environment: Mapping[str, str],
        clock: Callable[[], float] = steady,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._home = home
        self._environment = environment
        self._clock = clock
        self._sleep = sleep
        self._api = NpmApi(
            connection.url or "", connection.username or "", password, http=http, clock=clock, sleep=sleep
        )
        self._changing, self._issuing = threading.Lock(), threading.Lock()
        self._known: dict[str, _Known] = {}

    def test(self) -> ProxyReport:
        """Ask, and say exactly what is wrong; never raises."""
        version = ""
        try:
            found = self._api.version()
            version = ".".join(map(str, found))
            wrong = self._too_old(found) or self._lacks_rights() or self._nobody_there()
        except (ProxyError, ProxyUnavailable) as error:
            return ProxyReport(ok=False, text=error.message, version=version, fault=_FAULTS.get(error.code, ""))
        text = wrong or f"Nginx Proxy Manager {version} answers, and leads people at {self._connection.address}"
        return ProxyReport(ok=not wrong, text=text, version=version)

    def routes(self) -> tuple[Route, ...]:
        """The hosts with Forge's mark that nginx has now."""
        return npm_hosts.own_routes(self._hosts(), self._home)

    def prepare(self, route: Route) -> str:
        """Have NPM ask Let's Encrypt, if the project says so and no certificate there fits."""
        challenge = route.options.get("certificate", "auto")
        if challenge not in {"http", "dns"} or self._pick(route.domain) is not None:
            return ""
        body = npm_certificates.request(
            self._connection, route.domain, challenge, self._api.version(), self._environment
        )
        with self._issuing:  # two at once trip over certbot's lock; who only switches does not wait for them
            made = self._api.call("POST", CERTIFICATES, body, timeout=npm_certificates.ISSUE_TIMEOUT)
        with self._changing:
            self._write_again(route.domain, int(made["id"]))
        return f"Let's Encrypt gave a certificate for {route.domain} ({challenge} challenge)"

    def point(self, route: Route, *, again: bool = False) -> None:
        """Lead `route.domain` to its target; nothing is sent if it leads there, unless `again`."""
        if len(route.targets) > 1:
            raise ProxyError(
                f"Nginx Proxy Manager leads {route.domain} to one instance: keep the stage's replicas at 1",
                code="one_target",
            )
        with self._changing:
            host = npm_hosts.find(self._hosts(), route.domain)
            changed = self._create(route) if host is None else self._change(host, route, again=again)
        if changed:
            self._wait_for(route.domain, route.target)

    def remove(self, domain: str) -> None:
        """Take Forge's host for `domain` away; one that was adopted becomes again what it was."""
        with self._changing:
            host = npm_hosts.find(self._hosts(), domain)
            if host is None or not npm_hosts.is_own(host, self._home, domain):
                return
            back = npm_hosts.hand_back(host)
            if back is None:
                self._delete(host, domain)
            else:
                was_on = back.pop("enabled", True)  # a PUT would only say “off”, and go on leading people there
                self._put(host, back)
                if not was_on:
                    self._api.call("POST", f"{HOSTS}/{host['id']}/disable")
        self._wait_for(domain, None)
        self._known.pop(domain, None)

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        """Request `path` of `route.domain` on a new connection; redirects are not followed."""
        known = self._known.get(route.domain)
        if known is None:
            self._hosts()
            known = self._known.get(route.domain, _Known(None, secure=False))
        headers = {ASK_HEADER: known.token} if known.token else {}
        heard = asking.ask(
            asking.entrance(self._connection, secure=known.secure), route.domain, path, timeout=timeout, headers=headers
        )
        answered = known.token and heard.headers.get(_BYTES_HEADER, "0") not in {"", "0"}  # 0: nginx's own 502
        told = heard.headers.get(TARGET_HEADER, "") if answered else ""
        return Answer(status=heard.status, target=asking.parse_target(told), milliseconds=heard.milliseconds)

    def url(self, route: Route) -> str:
        """http(s)://domain, as its host was last seen to lead people."""
        known = self._known.get(route.domain)
        secure = known.secure if known else route.options.get("https") == "true"
        unknown = "https://unknown" if secure else "http://unknown"
        return asking.address_of(asking.entrance(self._connection, secure=secure) or unknown, route.domain)

    def close(self) -> None:
        """Nothing is kept open; the HTTP session is its owner's."""

    # ---- hosts

    def _hosts(self) -> list[Host]:
        """All that this user sees; NPM has no pages of them. What they say of asking is remembered."""
        found = self._api.call("GET", HOSTS)
        if not isinstance(found, list) or not all(isinstance(host, dict) for host in found):
            raise ProxyError("Nginx Proxy Manager's list of hosts is not what Forge knows", code="not_npm")
        for host in found:
            self._remember(host)
        return found

    def _remember(self, host: Host) -> None:
        domain = npm_hosts.mark_of(host).get("domain")
        if isinstance(domain, str) and npm_hosts.is_own(host, self._home, domain):
            self._known[domain] = _Known(npm_hosts.token_of(host), secure=npm_hosts.is_secure(host))

    def _change(self, host: Host, route: Route, *, again: bool) -> bool:
        """Whether anything had to be."""
        self._check_may_change(host, route)
        changed = npm_hosts.changes(host, self._home, route, self._certificate_for(host, route))
        if not changed and npm_hosts.is_online(host) and not again:
            return False
        # where nothing has to change, saying any of it writes all of it once more
        self._update(host, changed or {"forward_port": route.target.port})
        return True

    def _create(self, route: Route) -> bool:
        fields = npm_hosts.new_host(self._home, route, self._certificate_for(None, route))
        try:
            made = self._api.call("POST", HOSTS, fields)
        except (NpmBroke, ProxyUnavailable) as error:
            self._after_broken_create(route, fields, error)
            return True
        except ProxyError as error:
            raise npm_hosts.taken(route.domain) if "already in use" in error.message else error from None
        self._check_online(self._settled(int(made["id"])), undo=lambda host: self._delete(host, route.domain))
        return True

    def _after_broken_create(self, route: Route, fields: dict[str, Any], error: ProxyError | ProxyUnavailable) -> None:
        """The row often stays behind, and a second POST would find its own name taken: look, and finish it."""
        self._api.wait_until_back()
        host = npm_hosts.find(self._hosts(), route.domain)
        if host is not None and npm_hosts.is_own(host, self._home, route.domain):
            self._update(host, fields)
        elif self._lacks_rights():  # some releases break down where others say that it is not allowed
            raise self._api.denied(f"POST {HOSTS}") from None
        else:
            raise error

    def _settled(self, id: int) -> Host:
        """A new host once NPM has told nginx: what it answers when it makes one does not say."""
        for _ in range(_LOOKS):
            host: Host = self._api.call("GET", f"{HOSTS}/{id}")
            if "nginx_online" in (host.get("meta") or {}):
                break
            self._sleep(_PAUSE)
        return host

    def _update(self, host: Host, changed: dict[str, Any]) -> None:
        old = npm_hosts.before(host, changed)
        self._check_online(self._put(host, changed), undo=lambda _: self._put(host, old))

    def _put(self, host: Host, changed: Mapping[str, Any]) -> Host:
        try:
            found: Host = self._api.call("PUT", f"{HOSTS}/{host['id']}", changed)
        except ProxyUnavailable:  # it may have been done; saying it twice is the same
            self._api.wait_until_back()
            found = self._api.call("PUT", f"{HOSTS}/{host['id']}", changed)
        return found

    def _check_online(self, host: Host, *, undo: Callable[[Host], object]) -> None:
        """Raise ProxyError with what nginx says, after `undo`: a host that it refuses leads nobody anywhere."""
        fault = npm_hosts.fault_of(host)
        if fault:
            undo(host)
            raise ProxyError(f"nginx does not take the host that Forge asked NPM for: {fault}", code="nginx_refused")
        self._remember(host)

    def _wait_for(self, domain: str, target: Target | None) -> None:
        """Return when nginx answers by what NPM wrote, or after a while: it reads its files a moment later, and its
        old workers take new visitors for 100 ms beside the new ones (ngx_master_process_cycle.c).
        """
        known = self._known.get(domain)
        if known is None or known.token is None or self._connection.address is None:
            return
        end, in_a_row = self._clock() + _READS_WITHIN, 0
        while in_a_row <= _STEADY and self._clock() < end:
            in_a_row = in_a_row + 1 if self._seen(domain, known) == target else 0
            self._sleep(_PAUSE)

    def _seen(self, domain: str, known: _Known) -> Target | None:
        """The target that nginx has for `domain` now; None if it has none, or is not there."""
        headers = {ASK_HEADER: f"{known.token}-seen"}
        try:
            heard = asking.ask(
                asking.entrance(self._connection, secure=known.secure), domain, "/", timeout=2, headers=headers
            )
        except ProxyUnavailable:  # also who knows nothing of a domain yet, and will not greet it over TLS
            return None
        return asking.parse_target(heard.headers.get(TARGET_HEADER, "")) if heard.status == 204 else None

    def _delete(self, host: Host, domain: str) -> None:
        try:
            self._api.call("DELETE", f"{HOSTS}/{host['id']}")
        except NpmGone:
            return
        except NpmBroke:  # up to 2.11 that is what a missing row gets
            if npm_hosts.find(self._hosts(), domain) is not None:
                raise

    def _check_may_change(self, host: Host, route: Route) -> None:
        if npm_hosts.is_own(host, self._home, route.domain):
            return
        mark = npm_hosts.mark_of(host)
        if mark:
            whose = "for another domain" if mark.get("home") == self._home else "of another Forge"
            raise ProxyError(f"Host {host['id']} in NPM is Forge's already, {whose}", code="domain_taken")
        if route.options.get("adopt") != "true":
            raise npm_hosts.taken(route.domain, host)

    # ---- certificates

    def _certificate_for(self, host: Host | None, route: Route) -> int:
        """The id of the certificate that the host is to have; 0 is none. Raise ProxyError if one is missing."""
        asked = route.options.get("certificate", "auto")
        if asked == "none":
            return 0
        wanted = "true" in {route.options.get(name) for name in ("https", "hsts")} or asked in {"http", "dns"}
        has = int(host.get("certificate_id") or 0) if host else 0
        if has or (host and not wanted):
            return has  # a person's choice, or ours of before
        try:
            found = self._pick(route.domain)
        except ProxyError:
            if wanted:
                raise
            return 0  # a user that may not see certificates does well without
        if found is None and wanted:
            raise npm_certificates.missing(route.domain)
        return found or 0

    def _pick(self, domain: str) -> int | None:
        return npm_certificates.pick(self._api.call("GET", CERTIFICATES), domain, self._clock())

    def _write_again(self, domain: str, certificate: int) -> None:
        """Asking for a certificate takes the domain's host out of nginx and puts it back without what guards it."""
        host = npm_hosts.find(self._hosts(), domain)
        if host is not None and npm_hosts.is_own(host, self._home, domain):
            self._put(host, {"certificate_id": certificate})

    # ---- testing

    def _too_old(self, version: Version) -> str:
        oldest = ".".join(map(str, OLDEST[:2]))
        return "" if version >= OLDEST else f"Forge needs Nginx Proxy Manager {oldest} or newer: update it"

    def _lacks_rights(self) -> str:
        """What the user may not; "" if it may all that Forge needs."""
        me = self._api.call("GET", "/users/me?expand=permissions")
        may = me.get("permissions") or {}
        if "admin" in (me.get("roles") or []):
            return ""
        return "" if may.get("proxy_hosts") == "manage" else self._api.denied("change proxy hosts").message

    def _nobody_there(self) -> str:
        if self._connection.address is None:
            return "Nginx Proxy Manager answers, but the proxy has no address: give the one on which people reach it"
        try:
            asking.ask(self._connection.address, "forge.invalid", "/", timeout=5)
        except ProxyUnavailable as error:
            return f"{error.message}. Correct the proxy's address: where NPM listens for people, such as http://HOST:80"
        return ""
