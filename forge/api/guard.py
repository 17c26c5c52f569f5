"""Who may: every route is denied until it declares it, and every request shows where it comes from."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, g, request

from forge.api.context import Context, context
from forge.api.errors import TooMany
from forge.api.sessions import Principal, Role
from forge.domain.errors import Forbidden, NotFound, Unauthorized

COOKIE: Final = "forge_session"
BODY_LIMIT: Final = 1 << 20
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who may use a route: `role` and above; None: anybody, because of `reason`."""

    role: Role | None
    reason: str = ""


def allow(role: Role) -> Callable[[View], View]:
    """Declare that `role`, and those above, may use the route."""
    return _declare(Declaration(role))


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
    _check_host(request, context().runtime.settings.allowed_hosts)
    if request.method not in _READS:
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
        _check_role(g.principal, declared.role)


def _check_role(principal: Principal | None, role: Role) -> None:
    if principal is None:
        raise Unauthorized("Sign in first: open Forge by its own window, or send the launch token as a bearer.")
    if principal.role < role:
        raise Forbidden(f"This needs the role {role.name.lower()}: you are {principal.role.name.lower()}.")
    project = (request.view_args or {}).get("project")
    if project is not None and not principal.sees(project):
        raise NotFound(f"There is no project {project}", code="no_project")


def authenticate(request: Request, context: Context) -> Principal | None:
    """Who is asking: the first of the ways that knows. Raise TooMany after too many wrong tokens."""
    ways = (_by_token, _by_cookie)
    return next((found for way in ways if (found := way(request, context)) is not None), None)


def standing(request: Request, context: Context) -> Callable[[], bool]:
    """Whether whoever asks now still is who they are, as long as their session says so; a token has none to end."""
    session = request.cookies.get(COOKIE)
    if session is None or _has_bearer(request):
        return lambda: True
    found = context.sessions.find(session)
    return lambda: context.sessions.find(session) == found


def owner(token: str, context: Context) -> Principal | None:
    """Who holds the launch token: all rights. A wrong one is counted; raise TooMany if there were too many."""
    if hmac.compare_digest(token.encode("utf-8", "replace"), context.runtime.token.reveal().encode()):
        return Principal(name="admin", role=Role.ADMIN)
    if context.wrong.add():
        raise TooMany("There were too many wrong tokens. Wait a minute.", retry_after=60)
    return None


def _by_token(request: Request, context: Context) -> Principal | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return owner(token.strip(), context) if scheme.lower() == "bearer" else None


def _has_bearer(request: Request) -> bool:
    """A proxy in front may send its own login along: only a bearer is for Forge."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def _by_cookie(request: Request, context: Context) -> Principal | None:
    session = request.cookies.get(COOKIE)
    return context.sessions.find(session) if session and not _has_bearer(request) else None


def _check_host(request: Request, allowed: tuple[str, ...]) -> None:
    """A page of a stranger's domain that resolves to this machine must not be answered (DNS rebinding)."""
    try:
        name = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        name = None
    if name is None or (name not in _OWN_NAMES and name not in allowed):
        raise Forbidden(
            "Forge does not answer to this host name: add it to allowed_hosts to use it.", code="host_not_allowed"
        )


def _check_origin(request: Request) -> None:
    """A write may come from our own pages, or from no page at all; with a cookie only from our own pages."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    cross = Forbidden("This came from a page of another site: nothing was done.", code="cross_origin")
    if origin is not None and not _same(origin, request):
        raise cross
    if site in {"cross-site", "same-site"}:
        raise cross
    by_cookie = COOKIE in request.cookies and not _has_bearer(request)
    if by_cookie and origin is None and site != "same-origin":
        raise cross


def _same(origin: str, request: Request) -> bool:
    scheme, _, host = origin.partition("://")
    return scheme in {"http", "https"} and host.lower() == request.headers.get("Host", "").lower()
