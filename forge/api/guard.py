"""Who may: every route is denied until it declares it, and every request shows where it comes from."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, g, request

from forge.api.context import READS, Context, check_stage, context
from forge.api.cookies import cookie_of
from forge.api.forwarded import HANDED_ON
from forge.domain.errors import Forbidden, NotFound, TooMany, Unauthorized, Unavailable
from forge.domain.person import Principal, Reach, Role, owner
from forge.http import is_loopback
from forge.people.tokens import PREFIX
from forge.settings import Settings

BODY_LIMIT: Final = 1 << 20
FOREIGN: Final = frozenset({"cross-site", "same-site"})  # Sec-Fetch-Site of what another site's page began
_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NOT_IN_HOSTS: Final = re.compile(r"[^A-Za-z0-9._:\[\]-]")  # others may read a name with these as another name
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who may use a route: `role` and above; None: anybody, because of `reason`. `reach`: how far the rights of a token
    have to go.
    """

    role: Role | None
    reason: str = ""
    reach: Reach = Reach.FORGE


def allow(role: Role, reach: Reach = Reach.FORGE) -> Callable[[View], View]:
    """Declare that `role`, and those above, may use the route; a token only if its rights reach that far."""
    return _declare(Declaration(role, reach=reach))


def allow_anyone(reason: str) -> Callable[[View], View]:
    """Declare that a route is public, and why that is right."""
    return _declare(Declaration(None, reason))


def _declare(declaration: Declaration) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.__dict__["forge_allows"] = declaration
        return view

    return mark


def declaration(view: Callable[..., Any]) -> Declaration | None:
    """What a route's view declares."""
    found: Declaration | None = getattr(view, "forge_allows", None)
    return found


def register(app: Flask) -> None:
    """Guard every route of `app`."""
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(_check)


def _check() -> None:
    _check_host(request, context().runtime.settings)
    if request.method not in READS:
        _check_origin(request)
    if request.endpoint is None:
        return  # no such route: routing says so
    declared = declaration(current_app.view_functions[request.endpoint])
    if declared is None:
        raise Forbidden("Nobody may use this address: it does not say who may.", code="undeclared")
    try:
        g.principal = authenticate(request, context())
    except TooMany:
        if declared.role is not None:
            raise
        g.principal = None  # a registry may send a bearer of its own with its deliveries
    if declared.role is not None:
        _check_role(g.principal, declared.role, declared.reach)


def _check_role(principal: Principal | None, role: Role, reach: Reach) -> None:
    if principal is None:
        raise Unauthorized("Sign in first: open Forge by its own window, or send a token as a bearer.")
    if principal.role < role:
        raise Forbidden(f"This needs the role {role.word}: you are {principal.role.word}.")
    if principal.reach < reach:
        raise Forbidden("This token is not for that: it is for less than what was asked.", code="token_scope")
    parts = request.view_args or {}
    if (project := parts.get("project")) is not None and not principal.sees(project):
        raise NotFound(f"There is no project {project}", code="no_project")
    if (stage := parts.get("stage")) is not None:
        check_stage(stage)


def authenticate(request: Request, context: Context) -> Principal | None:
    """Who is asking: the first of the ways that knows. Raise TooMany after too many wrong tokens."""
    ways = (_by_token, _by_cookie)
    return next((found for way in ways if (found := way(request, context)) is not None), None)


def standing(request: Request, context: Context) -> Callable[[], bool]:
    """Whether whoever asks still is who they were found to be: as long as their session or token says so."""
    people, text, cookie = context.runtime.people, _bearer(request), cookie_of(request)
    if text is None:
        return _still(g.principal, lambda: people.sessions.find(cookie))
    return _still(g.principal, lambda: people.tokens.find(text)) if text.startswith(PREFIX) else lambda: True


def by_launch_token(token: str, request: Request, context: Context) -> Principal | None:
    """Who holds the launch token, on this machine: all rights. A wrong one is counted; raise TooMany if there were too
    many.
    """
    right = hmac.compare_digest(token.encode("utf-8", "replace"), context.runtime.token.reveal().encode())
    if right and is_here(request):
        return owner()
    count_wrong(context)
    return None


def is_here(request: Request) -> bool:
    """Whether a request was made on this machine, and not handed on by a proxy."""
    return is_loopback(request.remote_addr or "") and not request.environ.get(HANDED_ON)


def _by_token(request: Request, context: Context) -> Principal | None:
    text = _bearer(request)
    if text is None:
        return None
    if not text.startswith(PREFIX):
        return by_launch_token(text, request, context)
    found = context.runtime.people.tokens.find(text)
    if found is None:
        count_wrong(context)
    else:
        context.runtime.people.tokens.touch(text)
    return found


def _by_cookie(request: Request, context: Context) -> Principal | None:
    session = cookie_of(request)
    if not session or _bearer(request) is not None:
        return None
    found = context.runtime.people.sessions.find(session)
    if found is not None:
        context.runtime.people.sessions.touch(session)
    return found


def count_wrong(context: Context) -> None:
    """Somebody came with a token or a ticket that is none; raise TooMany if there were too many."""
    if context.wrong.add():
        raise TooMany("There were too many wrong tokens. Wait a minute.", retry_after=60)


def _bearer(request: Request) -> str | None:
    """A proxy in front may send its own login along: only a bearer is for Forge."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _still(found: Principal, find: Callable[[], Principal | None]) -> Callable[[], bool]:
    def stands() -> bool:
        try:
            return find() == found
        except Unavailable:  # asked by the thread that writes to everybody: whoever cannot be looked up asks anew
            return False

    return stands


def _check_host(request: Request, settings: Settings) -> None:
    """A page of a stranger's domain that resolves to this machine must not be answered (DNS rebinding)."""
    host = request.headers.get("Host", "")
    try:
        name = None if _NOT_IN_HOSTS.search(host) else urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name is None or not (name in _OWN_NAMES or name in settings.allowed_hosts or _is_meant(name, settings)):
        raise Forbidden(
            "Forge does not answer to this host name: add it to allowed_hosts to use it.", code="host_not_allowed"
        )


def _is_meant(name: str, settings: Settings) -> bool:
    """Beyond loopback any address is: a name that resolves here is what a stranger's page has."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == settings.host
    return not is_loopback(settings.host)


def _check_origin(request: Request) -> None:
    """A write may come from our own pages, or from no page at all; with a cookie only from our own pages."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    cross = Forbidden("This came from a page of another site: nothing was done.", code="cross_origin")
    if origin is not None and not _same(origin, request):
        raise cross
    if site in FOREIGN:
        raise cross
    by_cookie = bool(cookie_of(request)) and _bearer(request) is None
    if by_cookie and origin is None and site != "same-origin":
        raise cross


def _same(origin: str, request: Request) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and host.lower() == request.headers.get("Host", "").lower()
