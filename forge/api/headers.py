"""What every answer says to browsers, so that a hole in a page stays small."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

HEADERS: Final = {
    # scripts and styles from Forge only: none inline, none made from text
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # no-referrer would turn the Origin of our own forms into null
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
_NOT_KEPT: Final = ("/api/", "/setup", "/sign-in", "/sign-out")  # nowhere, not even in the browser
_ONLY_BY_TLS: Final = "max-age=31536000"  # a year; without subdomains, which are others' services


def register(app: Flask) -> None:
    """Put them on every answer of `app`."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _ONLY_BY_TLS
    if request.path.startswith(_NOT_KEPT):
        response.headers["Cache-Control"] = "no-store"
    return response
