"""Sign-in by OpenID Connect: set up, tried, begun and finished."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from forge.domain.errors import ForgeError, NotFound, Unauthorized
from forge.domain.oidc import Oidc
from forge.domain.person import Person
from forge.domain.secret import Secret
from forge.people.oidc.flows import Flow, Flows
from forge.people.oidc.logouttoken import Used
from forge.people.oidc.members import Members
from forge.people.oidc.provider import Provider
from forge.people.oidc.trial import Trial, tried
from forge.store.oidc import SECRET_PLACE
from forge.store.people import told
from forge.store.store import Store


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what its cookie says until it is back."""

    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Came:
    """Who came back, where they wanted to go (a path of Forge's), and until when they are signed in (unix seconds)."""

    person: Person
    target: str
    until: float


class OidcService:
    """`clock` is for tests."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self.clock = store, clock
        self._flows, self._members, self._used = Flows(), Members(store), Used()
        self._lock = threading.Lock()
        self._provider: tuple[Oidc, Secret | None, Provider] | None = None

    # ---- setting up

    def get(self) -> Oidc | None:
        """The provider, if one is set up."""
        return self._store.oidc.get()

    def has_secret(self) -> bool:
        return self._store.secrets.get(SECRET_PLACE) is not None

    def put(self, oidc: Oidc, secret: Secret | None, *, actor: str, no_secret: bool = False) -> None:
        """Set the provider up, new or changed; a secret that is not given stays, unless there shall be none.

        Raise Invalid for a project that is not there.
        """
        with self._store.database.change() as change:
            oidc.check_projects({project.name for project in self._store.projects.all()})
            self._store.oidc.put(change, oidc, actor)
            if secret is not None:
                self._store.secrets.put(change, SECRET_PLACE, secret)
            elif no_secret:
                self._store.secrets.delete(change, SECRET_PLACE)

    def delete(self, *, actor: str) -> None:
        """Nobody signs in there any more; people stay. Raise NotFound."""
        with self._store.database.change() as change:
            self._store.oidc.delete(change, actor)
            self._store.secrets.delete(change, SECRET_PLACE)

    def test(self, redirect_uri: str) -> Trial:
        """Ask the provider anew, and say exactly what is wrong. Raise NotFound."""
        oidc = self._wanted()
        provider = Provider(oidc, self._store.secrets.get(SECRET_PLACE), clock=self.clock)
        try:
            return tried(provider, redirect_uri, self.clock)
        finally:
            provider.close()

    # ---- signing in

    def begin(self, redirect_uri: str, target: str) -> Begun:
        """Send a browser to the provider. Raise NotFound, HttpFault or Unauthorized."""
        oidc = self._wanted()
        provider = self._asked(oidc)
        provider.metadata()  # before anything is kept of who only knocks
        state, browser, flow = self._flows.begin(oidc, redirect_uri, own_path(target))
        return Begun(provider.address(flow, state), browser)

    def finish(self, answer: Mapping[str, str], browser: str, address: str) -> Came:
        """A browser is back. Raise ForgeError with a sentence for whoever sits there; then nobody is signed in."""
        name: list[str] = []
        try:
            return self._finished(answer, browser, name)
        except ForgeError as error:
            with suppress(ForgeError), self._store.database.change() as change:
                known = name[0] if name else None
                told("sign_in_failed", change, known or "forge", name=known, address=address, why=error.code)
            raise

    def _finished(self, answer: Mapping[str, str], browser: str, name: list[str]) -> Came:
        flow = self._flows.take(answer.get("state", ""), browser)
        if flow is None or flow.oidc != self.get():
            raise Unauthorized(
                "This sign-in was not begun in this browser, took longer than ten minutes, or was finished already: "
                "begin anew",
                code="oidc_state",
            )
        _check_answer(answer, flow)
        claims = self._asked(flow.oidc).redeem(answer["code"], flow)
        name += filter(None, (self._members.name(flow.oidc, claims),))
        person = self._members.admit(flow.oidc, claims)
        return Came(person, flow.target, self.clock() + flow.oidc.session_lasts)

    # ---- signed out there

    def sign_out(self, token: str) -> None:
        """The provider says who was signed out there: their sessions end here. Raise NotFound, BadLogout, HttpFault."""
        oidc = self._wanted()
        logout = self._asked(oidc).logout(token)
        self._used.take(logout.jti)
        try:
            self._members.sign_out(oidc, logout.subject)
        except ForgeError:
            self._used.give_back(logout.jti)
            raise

    def _wanted(self) -> Oidc:
        oidc = self.get()
        if oidc is None:
            raise NotFound("Nobody signs in here by OpenID Connect: it is not set up", code="no_oidc")
        return oidc

    def _asked(self, oidc: Oidc) -> Provider:
        """The provider as it is set up now; what it said of itself is kept while nothing is changed."""
        secret = self._store.secrets.get(SECRET_PLACE)
        with self._lock:
            if self._provider is None or self._provider[:2] != (oidc, secret):
                self._provider = (oidc, secret, Provider(oidc, secret, clock=self.clock))
            return self._provider[2]


def own_path(target: str) -> str:
    """`target`, if it is a path of Forge's own pages; else the board."""
    parts = urlsplit("")
    with suppress(ValueError):
        parts = urlsplit(target)
    plain = target.isascii() and target.isprintable() and "\\" not in target and len(target) <= 500
    own = target.startswith("/") and not target.startswith("//") and not parts.scheme and not parts.netloc
    return target if plain and own and not target.startswith(("/api/", "/sign-in")) else "/"


def _check_answer(answer: Mapping[str, str], flow: Flow) -> None:
    if answer.get("iss", flow.oidc.issuer) != flow.oidc.issuer:  # RFC 9207
        raise Unauthorized("This answer is of another provider: nobody was signed in", code="oidc_issuer")
    error = answer.get("error")
    if error == "access_denied":
        raise Unauthorized(
            "The provider says that you did not agree, or may not: nobody was signed in", code="oidc_denied"
        )
    if error is not None or not answer.get("code"):
        said = f" ({error[:60]})" if error and error.replace("_", "").isalnum() else ""
        raise Unauthorized(f"The provider did not sign you in{said}: try again, or ask its admin", code="oidc_refused")
