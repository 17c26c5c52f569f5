"""Signing in and out: a token or a one-time ticket is traded for the cookie."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from forge.api.context import context, principal
from forge.api.contract import JSON, Operation, operation
from forge.api.guard import COOKIE, allow, allow_anyone, owner
from forge.api.sessions import SESSION_SECONDS, TICKET_SECONDS, Principal, Role
from forge.api.types import Wire
from forge.domain.errors import Invalid, Unauthorized

blueprint = Blueprint("session", __name__)


class SignIn(Wire, kw_only=True):
    """The launch token, or a one-time ticket."""

    token: str | None = None
    ticket: str | None = None


class Who(Wire, kw_only=True):
    """Who is signed in; `role`: viewer, deployer, admin."""

    name: str
    role: str


class Ticket(Wire, kw_only=True):
    """A ticket that signs one browser in, within `seconds`, by opening `path`."""

    ticket: str
    path: str
    seconds: float


@blueprint.post("/api/session")
@allow_anyone("this is how people sign in")
@operation(Operation(body=SignIn, answer=Who, refuses=(401, 429)))
def sign_in(body: SignIn) -> Response:
    """Trade the launch token or a ticket for the session's cookie."""
    if (body.token is None) == (body.ticket is None):
        raise Invalid("Say a token or a ticket", fields={"token": "a token or a ticket"})
    found = owner(body.token, context()) if body.token is not None else context().tickets.end(body.ticket or "")
    if found is None:
        raise Unauthorized("This token or ticket is not valid (any more): get a new one.")
    answer = Response(msgspec.json.encode(_who(found)), content_type=JSON)
    _give_cookie(answer, found)
    return answer


@blueprint.get("/api/session")
@allow(Role.VIEWER)
@operation(Operation(answer=Who))
def read_session() -> Who:
    """Who is signed in."""
    return _who(principal())


@blueprint.delete("/api/session")
@allow(Role.VIEWER)
@operation(Operation(status=204))
def sign_out() -> Response:
    """End the session."""
    answer = Response(status=204)
    _end_session(answer)
    return answer


@blueprint.post("/api/session/ticket")
@allow(Role.VIEWER)
@operation(Operation(status=201, answer=Ticket))
def make_ticket() -> Ticket:
    """Make a ticket that signs a browser in as whoever asks for it."""
    ticket = context().tickets.begin(principal())
    return Ticket(ticket=ticket, path=f"/sign-in?ticket={ticket}", seconds=TICKET_SECONDS)


@blueprint.get("/sign-in")
@allow_anyone("the ticket is the proof; without one it is the form")
def open_ticket() -> AnyResponse | str:
    """A link with a ticket signs in and leads to the board."""
    ticket = request.args.get("ticket")
    if ticket is None or request.method == "HEAD":  # who only looks ahead must not use it up
        return render_template("sign_in.html", said="")
    return _enter(context().tickets.end(ticket), "This link was used already, or is too old: ask for a new one.")


@blueprint.post("/sign-in")
@allow_anyone("this is how people sign in without a script")
def send_token() -> AnyResponse | str:
    """The form of the page that asks for the launch token."""
    found = owner(request.form.get("token", "").strip(), context())
    return _enter(found, "This is not the launch token of the Forge that runs now: it is new after each start.")


@blueprint.post("/sign-out")
@allow_anyone("whoever has no session loses nothing")
def leave() -> AnyResponse:
    """The button of the page."""
    answer = redirect("/", 303)
    _end_session(answer)
    return answer


def _enter(found: Principal | None, otherwise: str) -> AnyResponse:
    if found is None:
        return Response(render_template("sign_in.html", said=otherwise), status=401)
    answer = redirect("/", 303)
    _give_cookie(answer, found)
    return answer


def _give_cookie(answer: AnyResponse, principal: Principal) -> None:
    context().sessions.end(request.cookies.get(COOKIE, ""))  # one for a browser: the window signs in at each start
    session, age = context().sessions.begin(principal), int(SESSION_SECONDS)
    secure = request.is_secure
    answer.set_cookie(COOKIE, session, max_age=age, path="/", httponly=True, samesite="Strict", secure=secure)


def _end_session(answer: AnyResponse) -> None:
    context().sessions.end(request.cookies.get(COOKIE, ""))
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=request.is_secure)


def _who(principal: Principal) -> Who:
    return Who(name=principal.name, role=principal.role.name.lower())
