"""Forge's cookies: for no script, for this host alone, and by TLS for TLS only."""

from __future__ import annotations

from typing import Final, Literal

from flask import Request, request
from werkzeug.wrappers import Response

COOKIE: Final = "forge_session"
_PREFIX: Final = "__Host-"  # browsers take it from this very host only: a neighbour's subdomain cannot put one here


def cookie_of(request: Request, name: str = COOKIE) -> str:
    """What a request brings; "" if nothing."""
    return request.cookies.get(_called(request, name), "")


def give(
    answer: Response, value: str, *, seconds: float, name: str = COOKIE, samesite: Literal["Strict", "Lax"] = "Strict"
) -> None:
    """Let the browser that asks keep `value`."""
    answer.set_cookie(
        _called(request, name), value, max_age=int(seconds), path="/", httponly=True, samesite=samesite,
        secure=request.is_secure,
    )  # fmt: skip


def take(answer: Response, name: str = COOKIE) -> None:
    """Let it forget."""
    answer.delete_cookie(_called(request, name), path="/", httponly=True, secure=request.is_secure)


def _called(request: Request, name: str) -> str:
    return f"{_PREFIX}{name}" if request.is_secure else name
