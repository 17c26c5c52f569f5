"""A provider, asked: what it can, its keys, and whom a code stands for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from forge.domain.errors import ForgeError, Unauthorized
from forge.domain.oidc import Oidc, claim_in
from forge.domain.secret import Secret
from forge.http import Basic, Bearer, HttpFault, Reply, Session, host_of
from forge.people.oidc.flows import Flow
from forge.people.oidc.idtoken import Wanted, read_id_token
from forge.people.oidc.kept import Kept, turn
from forge.people.oidc.logouttoken import Logout, read_logout_token
from forge.people.oidc.signature import signing

_KEPT = 300.0  # seconds: what a provider says of itself
_KEYS_KEPT = 5.0  # seconds, where anybody can have them asked for
_LIMIT = 512 * 1024  # bytes of an answer
_TIMEOUT = 10.0  # seconds
_AT_ONCE = 4  # sign-ins that wait for its answer: the server has threads left for everybody else
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a provider says of itself; `date` is its clock's header, `methods` how a client shows who it is."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    algorithms: tuple[str, ...]
    methods: tuple[str, ...]
    scopes: tuple[str, ...] | None
    date: str


class Provider:
    """One provider as it is set up; may be asked by many threads at once."""

    def __init__(
        self,
        oidc: Oidc,
        secret: Secret | None,
        *,
        clock: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.oidc, self._secret, self._clock = oidc, secret, clock
        self._http = Session(authorities=oidc.ca, read_timeout=_TIMEOUT, body_limit=_LIMIT)
        self._known = Kept(self._ask, _KEPT, passed)
        self._known_keys = Kept(lambda: self.keys(self.metadata()), _KEYS_KEPT, passed)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def metadata(self) -> Metadata:
        """What it says of itself, at most five minutes old. Raise HttpFault or Unauthorized."""
        return self._known.get()

    def address(self, flow: Flow, state: str) -> str:
        """Where a browser goes to sign in."""
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415  slow to import

        asked = {
            "response_type": "code",
            "client_id": self.oidc.client_id,
            "redirect_uri": flow.redirect_uri,
            "scope": " ".join(self.oidc.scopes),
            "state": state,
            "nonce": flow.nonce,
            "code_challenge": create_s256_code_challenge(flow.verifier),
            "code_challenge_method": "S256",
        }
        where = self.metadata().authorization
        return f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"

    def redeem(self, code: str, flow: Flow) -> Mapping[str, Any]:
        """The claims of whom a code stands for. Raise Unauthorized or HttpFault."""
        with turn(self._turns):
            return self._redeemed(code, flow)

    def _redeemed(self, code: str, flow: Flow) -> Mapping[str, Any]:
        metadata = self.metadata()
        answer = _json(self.exchange(metadata, code, flow.redirect_uri, flow.verifier), "token_endpoint")
        id_token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str):
            raise Unauthorized(
                "The provider sent no ID token: is openid among the scopes, and allowed for this client?",
                code="oidc_no_id_token",
            )
        access = access if isinstance(access, str) else ""
        wanted = Wanted(
            issuer=self.oidc.issuer, client_id=self.oidc.client_id, nonce=flow.nonce, access_token=access,
            algorithms=metadata.algorithms,
        )  # fmt: skip
        claims = read_id_token(id_token, self.keys(metadata), wanted, self._clock())
        return self._completed(claims, metadata, access)

    def logout(self, token: str) -> Logout:
        """Whom a logout token signs out. Raise BadLogout or HttpFault."""
        metadata = self.metadata()
        return read_logout_token(
            token, self._known_keys.get(), issuer=self.oidc.issuer, client_id=self.oidc.client_id,
            algorithms=metadata.algorithms, now=self._clock(),
        )  # fmt: skip

    def keys(self, metadata: Metadata) -> list[Any]:
        """The keys it signs with, as they are now: sign-ins are few, and a key that was withdrawn counts at once."""
        found = _json(self._http.request("GET", metadata.keys, redirects=1), "jwks_uri").get("keys")
        return found if isinstance(found, list) else []

    def exchange(self, metadata: Metadata, code: str, redirect_uri: str, verifier: str) -> Reply:
        """Trade a code for tokens; the answer, whatever it is, but Unauthorized if it says that it was no good."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        form |= {"client_id": self.oidc.client_id, "code_verifier": verifier}
        auth = None
        if self._secret is not None and "client_secret_basic" in metadata.methods:
            pair = (quote_plus(self.oidc.client_id), quote_plus(self._secret.reveal()))  # RFC 6749, 2.3.1
            auth = Basic(username=pair[0], password=Secret(pair[1]))
        elif self._secret is not None:
            form["client_secret"] = self._secret.reveal()
        reply = self._http.request("POST", metadata.token, form=form, auth=auth)
        if not reply.ok:
            raise _refused(reply)
        return reply

    def close(self) -> None:
        self._http.close()

    def _ask(self) -> Metadata:
        where = f"{self.oidc.issuer.rstrip('/')}/.well-known/openid-configuration"
        reply = self._http.request("GET", where, redirects=1)
        host = host_of(self.oidc.issuer)
        if not reply.ok:
            raise HttpFault(
                "discovery", f"{host} answers {reply.status} where its discovery should be ({where}): check the issuer"
            )
        said = _json(reply, "discovery")
        if said.get("issuer") != self.oidc.issuer:
            raise HttpFault(
                "issuer",
                f"{host} calls itself “{str(said.get('issuer'))[:120]}”, not “{self.oidc.issuer}”: write the issuer "
                "exactly so, to the last slash",
            )
        return self._metadata(said, reply.headers.get("Date") or "")

    def _metadata(self, said: Mapping[str, Any], date: str) -> Metadata:
        endpoints = [said.get(name) for name in _ENDPOINTS]
        for name, url in zip(_ENDPOINTS, endpoints, strict=True):
            self._check_endpoint(name, url)
        if (userinfo := said.get("userinfo_endpoint")) is not None:
            self._check_endpoint("userinfo_endpoint", userinfo)
        challenges = said.get("code_challenge_methods_supported")
        if isinstance(challenges, list) and "S256" not in challenges:
            raise HttpFault("discovery", "The provider cannot do PKCE with S256: Forge signs in with nothing less")
        authorization, token, keys = (str(url) for url in endpoints)
        return Metadata(
            authorization=authorization, token=token, keys=keys, userinfo=userinfo,
            algorithms=signing(_texts(said, "id_token_signing_alg_values_supported") or ("RS256",)),
            methods=_texts(said, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),
            scopes=_texts(said, "scopes_supported") or None, date=date,
        )  # fmt: skip

    def _check_endpoint(self, name: str, url: object) -> None:
        """An https issuer has https endpoints; the browser is sent to one of them."""
        scheme = urlsplit(self.oidc.issuer).scheme
        if not isinstance(url, str) or not url.startswith((f"{scheme}://", "https://")) or not host_of(url):
            raise HttpFault("discovery", f"The provider names no {name} that can be used: check the issuer")

    def _completed(self, claims: Mapping[str, Any], metadata: Metadata, access: str) -> Mapping[str, Any]:
        """With what the provider only tells when it is asked, where something is missing."""
        wanted = (self.oidc.groups_claim, self.oidc.name_claim)
        if metadata.userinfo is None or not access or all(claim_in(claims, name) is not None for name in wanted):
            return claims
        more = _json(self._http.request("GET", metadata.userinfo, auth=Bearer(token=Secret(access))), "userinfo")
        if more.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2: it may be about somebody else
            raise Unauthorized(
                "The provider's userinfo is about somebody else than its ID token: nobody was signed in",
                code="oidc_userinfo",
            )
        return {**more, **claims}


def _json(reply: Reply, what: str) -> Mapping[str, Any]:
    if not reply.ok:
        raise HttpFault("answer", f"{host_of(reply.url)} answers {reply.status} at its {what}: try again later")
    found = reply.json()
    if not isinstance(found, dict):
        raise HttpFault("answer", f"{host_of(reply.url)} did not answer as a provider does: check the issuer")
    return found


def _texts(said: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = said.get(name)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _refused(reply: Reply) -> ForgeError:
    """What the provider's refusal of a code means. What it says beside is not repeated: it may repeat secrets."""
    if reply.status >= 500:
        return HttpFault(
            "answer", f"{host_of(reply.url)} answers {reply.status} at its token_endpoint: try again later"
        )
    try:
        said = reply.json()
    except HttpFault:
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    if error in {"invalid_client", "unauthorized_client"} or (error is None and reply.status in {401, 403}):
        return Unauthorized(
            "The provider does not take Forge's client id and secret: an admin has to set them anew", code="oidc_client"
        )
    return Unauthorized(
        "The provider does not take the code (any more): begin anew. If it stays so, see to the address that it sends "
        "people back to",
        code="oidc_code",
    )
