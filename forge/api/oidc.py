"""Sign-in by OpenID Connect: the provider that is set up, and people going there and coming back."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from forge import typed
from forge.api import cookies
from forge.api.context import actor, context, runtime
from forge.api.contract import TEXT, Operation, domain, operation, wire
from forge.api.errors import UnsupportedType
from forge.api.guard import allow, allow_anyone
from forge.api.sealing import wrapped
from forge.api.session import Entry, give_cookie, sign_in_page
from forge.api.types import Wire
from forge.domain.errors import ForgeError, NotFound, TooMany, Unavailable
from forge.domain.oidc import Oidc
from forge.domain.person import Reach, Role
from forge.people.oidc.flows import SECONDS

blueprint = Blueprint("oidc", __name__)
_API = "/api/oidc"
_PAGE = "/sign-in/oidc"
_BACK = f"{_PAGE}/callback"
_LOGOUT = f"{_API}/logout"
_FORM = "application/x-www-form-urlencoded"
_BROWSER = "forge_oidc"


class OidcGroup(Wire, kw_only=True):
    """What the people of a group at the provider may; `projects` null: they see all."""

    group: str
    role: str
    projects: list[str] | None = None


class OidcFields(Wire, kw_only=True):
    """A provider of OpenID Connect. `label` is on the button; `name_claim` says what people are called here,
    `groups_claim` (a.b: b within a) which groups they are in. `others`: the role of who is in no group that is mapped,
    viewer or deployer; empty: they are refused. `session_lasts`: seconds until people have to sign in there again.
    `ca`: certificates of authorities (PEM text) that are trusted here beside the usual ones.
    """

    issuer: str
    client_id: str
    label: str = "Sign in with OpenID Connect"
    scopes: list[str] = msgspec.field(default_factory=lambda: ["openid", "profile", "email"])
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    groups: list[OidcGroup] = msgspec.field(default_factory=list)
    others: str = ""
    session_lasts: float = 86400.0
    ca: str | None = None


class ChangedOidc(OidcFields, kw_only=True):
    """All of it. A secret (of the client) that is left out stays, null takes it away."""

    secret: str | msgspec.UnsetType | None = msgspec.UNSET


class OidcView(OidcFields, kw_only=True):
    """The provider."""

    has_secret: bool


class OidcSetUp(Wire, kw_only=True):
    """The provider, null: none. `redirect_uri`: the address that it has to be told to send people back to;
    `logout_uri`: the one that it is to call for whom it signs out (Back-Channel Logout).
    """

    oidc: OidcView | None
    redirect_uri: str
    logout_uri: str


class OidcTrial(Wire, kw_only=True):
    """Whether people can sign in there, and the sentence that says what to do; `fault` is for programs: name, connect,
    certificate, timeout, answer, discovery, issuer, keys, clock, scopes, client; empty: none.
    """

    ok: bool
    text: str
    fault: str


@blueprint.get(_API)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(answer=OidcSetUp))
def read_oidc() -> OidcSetUp:
    """The provider of OpenID Connect that people sign in at, if one is set up."""
    return _set_up()


@blueprint.put(_API)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(body=ChangedOidc, answer=OidcSetUp))
def change_oidc(body: ChangedOidc) -> OidcSetUp:
    """Set the provider up, or change it; what is left out gets its default."""
    secret = wrapped(body.secret) if isinstance(body.secret, str) else None
    runtime().people.oidc.put(domain(Oidc, body), secret, actor=actor(), no_secret=body.secret is None)
    return _set_up()


@blueprint.delete(_API)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(status=204, refuses=(404,)))
def delete_oidc() -> None:
    """Let nobody sign in there any more. People, and who is signed in, stay."""
    runtime().people.oidc.delete(actor=actor())


@blueprint.post(f"{_API}/test")
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(answer=OidcTrial, refuses=(404,)))
def test_oidc() -> OidcTrial:
    """Ask the provider, and say exactly what is wrong."""
    return wire(OidcTrial, runtime().people.oidc.test(_redirect_uri()))


@blueprint.post(_LOGOUT)
@allow_anyone("the provider has no login; what it has signed is the proof")
@operation(Operation(text_body=_FORM, refuses=(404, 415, 429)))
def sign_out_there() -> Response:
    """Take the provider's word for who was signed out there: their sessions end at once (OpenID Connect Back-Channel
    Logout 1.0; the form's `logout_token`).
    """
    if wait := context().logouts.take(request.remote_addr or ""):
        raise TooMany("Too many logout tokens came from this address at once: try again later.", retry_after=wait)
    if request.mimetype != _FORM:
        raise UnsupportedType(f"Send a form, with the header Content-Type: {_FORM}.")
    runtime().people.oidc.sign_out(request.form.get("logout_token", ""))
    return Response("", mimetype=TEXT)  # never kept: forge.api.headers


@blueprint.get(_PAGE)
@allow_anyone("this is how people sign in")
def go() -> AnyResponse:
    """Send a browser to the provider."""
    if request.method == "HEAD":  # who only looks ahead begins nothing
        return Response(status=204)
    try:
        _take_turn()
        begun = runtime().people.oidc.begin(_redirect_uri(), request.args.get("next", "/"))
    except ForgeError as error:
        return _failed(error)
    answer = redirect(begun.address, 303)
    # Lax: it has to come along when the provider, another site, sends the browser back.
    cookies.give(answer, begun.browser, seconds=SECONDS, name=_BROWSER, samesite="Lax")
    return answer


@blueprint.get(_BACK)
@allow_anyone("what the provider sends along is the proof, in the browser that was sent there")
def come_back() -> AnyResponse:
    """Where the provider sends people back to."""
    if request.method == "HEAD":
        return Response(status=204)
    try:
        _take_turn()
        came = runtime().people.oidc.finish(
            request.args.to_dict(), cookies.cookie_of(request, _BROWSER), request.remote_addr or ""
        )
        # No redirect: a browser that comes from another site would not send a Strict cookie to where that leads.
        answer: AnyResponse = Response(render_template("signed_in.html", target=came.target), mimetype="text/html")
        give_cookie(answer, Entry(came.person.principal, "oidc", came.until))
    except ForgeError as error:
        answer = _failed(error)
    cookies.take(answer, _BROWSER)
    return answer


def _set_up() -> OidcSetUp:
    people, view = runtime().people.oidc, None
    if (found := people.get()) is not None:
        view = typed.convert({**msgspec.to_builtins(found), "has_secret": people.has_secret()}, OidcView)
    return OidcSetUp(oidc=view, redirect_uri=_redirect_uri(), logout_uri=f"{_here()}{_LOGOUT}")


def _take_turn() -> None:
    """Raise TooMany: what is under way has a limit, and a flood must not push others' sign-ins out."""
    wait = context().elsewhere.take(request.remote_addr or "")
    if wait:
        raise TooMany("Too many sign-ins came from this address at once: try again in a minute.", retry_after=wait)


def _failed(error: ForgeError) -> AnyResponse:
    known = {TooMany: 429, NotFound: 404}
    status = known.get(type(error), 502 if isinstance(error, Unavailable) else 401)
    return Response(sign_in_page(error.message), status=status, mimetype="text/html")


def _redirect_uri() -> str:
    """By the name that the browser uses, since its cookies are of that name; the board's address knows whether a proxy
    in front speaks TLS.
    """
    return f"{_here()}{_BACK}"


def _here() -> str:
    public = runtime().preferences.get().public_url.rstrip("/")
    same = urlsplit(public).netloc.lower() == request.host.lower()
    return public if public and same else request.host_url.rstrip("/")
