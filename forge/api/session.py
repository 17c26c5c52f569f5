"""Signing in and out: a password, a token or a one-time ticket is traded for the cookie."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from forge.api import cookies
from forge.api.context import actor, context, principal, runtime
from forge.api.contract import JSON, Operation, operation
from forge.api.cookies import cookie_of
from forge.api.errors import status_of
from forge.api.guard import FOREIGN, allow, allow_anyone, by_launch_token, count_wrong, standing
from forge.api.peer import of_another_user
from forge.api.tickets import TICKET_SECONDS
from forge.api.types import Wire
from forge.domain.errors import ForgeError, Invalid, Unauthorized
from forge.domain.person import Person, Principal, Reach, Role
from forge.people.sessions import SECONDS

blueprint = Blueprint("session", __name__)
_WAYS = (frozenset({"token"}), frozenset({"ticket"}), frozenset({"name", "password"}))


@dataclass(frozen=True, slots=True)
class Entry:
    """Who comes in, and how; signed in until then at most (unix seconds)."""

    principal: Principal
    how: str
    until: float = math.inf


class SignIn(Wire, kw_only=True):
    """The launch token, a one-time ticket, or name and password. `code`: of the authenticator, or a recovery code,
    where one is asked for (code_needed).
    """

    token: str | None = None
    ticket: str | None = None
    name: str | None = None
    password: str | None = None
    code: str | None = None


class SetUp(Wire, kw_only=True):
    """The token of the setup link, and the first admin."""

    token: str
    name: str
    password: str


class SignInWays(Wire, kw_only=True):
    """How people get in. `people`: somebody has an account; without one it is the launch token only. `oidc`: what
    stands on the button that leads to /sign-in/oidc, null: none.
    """

    people: bool
    oidc: str | None


class Who(Wire, kw_only=True):
    """Who is signed in; `role`: viewer, deployer, admin. `projects` are those they may see, null: all. Not `person`:
    the machine's owner, by the launch token. `token`: the name of the token by which a program asks.
    """

    name: str
    role: str
    projects: list[str] | None
    person: bool
    token: str | None


class TicketWish(Wire, kw_only=True):
    """`own`: of use only to processes of the user that Forge runs as, where the system tells: others may see it."""

    own: bool = False


class Ticket(Wire, kw_only=True):
    """A ticket that signs one browser in, within `seconds`, by opening `path`."""

    ticket: str
    path: str
    seconds: float


@blueprint.post("/api/session")
@allow_anyone("this is how people sign in")
@operation(Operation(body=SignIn, answer=Who, refuses=(401, 429)))
def sign_in(body: SignIn) -> Response:
    """Trade a password, the launch token or a ticket for the session's cookie."""
    given = {name for name in ("token", "ticket", "name", "password") if getattr(body, name) is not None}
    if given not in _WAYS:
        raise Invalid("Say name and password, a token, or a ticket", fields={"name": "name and password"})
    return _entered(_who_is(body))


@blueprint.post("/api/setup")
@allow_anyone("the setup link's token is the proof; it is good once, while there is nobody")
@operation(Operation(body=SetUp, status=201, answer=Who, refuses=(401, 409, 429)))
def set_up(body: SetUp) -> Response:
    """Make the first admin, and sign them in."""
    person = _first(body.token, body.name, body.password)
    return _entered(Entry(person.principal, "setup"), 201)


@blueprint.get("/api/sign-in")
@allow_anyone("whoever is to sign in has to know how")
@operation(Operation(answer=SignInWays))
def read_ways() -> SignInWays:
    """How people sign in here."""
    return SignInWays(people=not runtime().people.setup.wanted(), oidc=_oidc_label())


@blueprint.get("/api/session")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(answer=Who))
def read_session() -> Who:
    """Who is signed in."""
    return _who(principal())


@blueprint.delete("/api/session")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(status=204))
def sign_out() -> Response:
    """End the session."""
    answer = Response(status=204)
    _end_session(answer, actor())
    return answer


@blueprint.post("/api/session/ticket")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(body=TicketWish, optional=True, status=201, answer=Ticket))
def make_ticket(body: TicketWish) -> Ticket:
    """Make a ticket that signs a browser in as whoever asks for it."""
    asks, until = principal(), math.inf
    if asks.person is not None:
        until = runtime().people.sessions.ends(cookie_of(request))
    ticket = context().tickets.make(asks, standing(request, context()), until, own=body.own)
    return Ticket(ticket=ticket, path=f"/sign-in?ticket={ticket}", seconds=TICKET_SECONDS)


@blueprint.get("/sign-in")
@allow_anyone("the ticket is the proof; without one it is the form")
def open_ticket() -> AnyResponse | str:
    """A link with a ticket signs in and leads to the board."""
    ticket = request.args.get("ticket")
    if ticket is None or request.method == "HEAD":  # who only looks ahead must not use it up
        return sign_in_page()
    if request.headers.get("Sec-Fetch-Site") in FOREIGN:  # else a stranger's page signs people in as the stranger
        page = sign_in_page("This link was followed from another site: copy it into the address bar instead.")
        return Response(page, status=403)
    return _by_form(SignIn(ticket=ticket))


@blueprint.post("/sign-in")
@allow_anyone("this is how people sign in without a script")
def send_form() -> AnyResponse | str:
    """The forms of the page: name and password, or the launch token."""
    form = request.form
    if "token" in form:
        return _by_form(SignIn(token=form["token"].strip()))
    return _by_form(
        SignIn(name=form.get("name", ""), password=form.get("password", ""), code=form.get("code", "").strip() or None)
    )


@blueprint.get("/setup")
@allow_anyone("without the link's token it shows a form that nothing comes of")
def open_setup() -> AnyResponse | str:
    """The link that `forge serve` prints while there is nobody."""
    if not runtime().people.setup.wanted():
        return redirect("/", 303)
    return render_template("setup.html", token=request.args.get("token", ""), name="", said="")


@blueprint.post("/setup")
@allow_anyone("the setup link's token is the proof; it is good once, while there is nobody")
def send_setup() -> AnyResponse:
    """The form of that page."""
    form = request.form
    token, name, password = form.get("token", ""), form.get("name", "").strip().lower(), form.get("password", "")
    try:
        if password != form.get("again", ""):
            raise Invalid("The two passwords are not the same: type both again.")
        person = _first(token, name, password)
    except ForgeError as error:
        page = render_template("setup.html", token=token, name=name, said=error.message)
        return Response(page, status=status_of(error))
    return _enter(Entry(person.principal, "setup"))


@blueprint.post("/sign-out")
@allow_anyone("whoever has no session loses nothing")
def leave() -> AnyResponse:
    """The button of the page."""
    answer = redirect("/", 303)
    found = runtime().people.sessions.find(cookie_of(request))
    if found is not None:
        _end_session(answer, found.name)
    return answer


def sign_in_page(said: str = "", name: str = "", *, code: bool = False) -> str:
    """The page with the forms. `code`: one is asked for."""
    people = not runtime().people.setup.wanted()
    return render_template("sign_in.html", said=said, name=name, code=code, people=people, oidc=_oidc_label())


def _oidc_label() -> str | None:
    found = runtime().people.oidc.get()
    return found.label if found is not None else None


def _first(token: str, name: str, password: str) -> Person:
    """Make the first admin. Raise Unauthorized for a wrong token, TooMany after too many, Conflict or Invalid."""
    try:
        return runtime().people.setup.use(token, name, password)
    except Unauthorized:
        count_wrong(context())
        runtime().people.entrance.refused(request.remote_addr or "", "setup link")
        raise


def _who_is(body: SignIn) -> Entry:
    """Who signs in, and how. Raise Unauthorized or TooMany."""
    address = request.remote_addr or ""
    if body.name is not None:
        name = runtime().people.entrance.check(body.name, body.password or "", body.code, address)
        return Entry(runtime().store.people.get(name).principal, "password")
    if body.ticket is not None:
        how, ticket = "ticket", context().tickets.use(body.ticket, another=_another_users)
        entry = Entry(ticket.principal, how, ticket.until) if ticket is not None else None
        if entry is None:
            count_wrong(context())
    else:
        how, found = "launch token", by_launch_token(body.token or "", request, context())
        entry = Entry(found, how) if found is not None else None
    if entry is None:
        runtime().people.entrance.refused(address, how)
        raise Unauthorized(
            "This token or ticket is not valid (any more): get a new one. The launch token is new after each start, "
            "and opens Forge on its own machine only.",
            code="wrong_token",
        )
    return entry


def _another_users() -> bool:
    """Whether a process of another user of this machine asks."""
    environ = request.environ
    return of_another_user(
        request.remote_addr or "::", int(environ.get("REMOTE_PORT", 0)), int(environ.get("SERVER_PORT", 0))
    )


def _by_form(body: SignIn) -> AnyResponse:
    try:
        entry = _who_is(body)
    except ForgeError as error:
        page = sign_in_page(error.message, body.name or "", code=error.code in {"code_needed", "wrong_code"})
        return Response(page, status=status_of(error))
    return _enter(entry)


def _entered(entry: Entry, status: int = 200) -> Response:
    answer = Response(msgspec.json.encode(_who(entry.principal)), status=status, content_type=JSON)
    give_cookie(answer, entry)
    return answer


def _enter(entry: Entry) -> AnyResponse:
    answer = redirect("/", 303)
    give_cookie(answer, entry)
    return answer


def give_cookie(answer: AnyResponse, entry: Entry) -> None:
    """Begin a session. One for a browser: the window signs in at each start."""
    session = runtime().people.sessions.begin(
        entry.principal.person, address=request.remote_addr or "", agent=request.user_agent.string, how=entry.how,
        instead=cookie_of(request), until=entry.until,
    )  # fmt: skip
    cookies.give(answer, session, seconds=SECONDS)


def _end_session(answer: AnyResponse, actor: str) -> None:
    runtime().people.sessions.end(cookie_of(request), actor)
    cookies.take(answer)


def _who(principal: Principal) -> Who:
    return Who(
        name=principal.name, role=principal.role.word,
        projects=None if principal.projects is None else sorted(principal.projects),
        person=principal.person is not None, token=principal.token,
    )  # fmt: skip
