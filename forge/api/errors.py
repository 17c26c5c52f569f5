"""Errors as problem+json: the one table where Forge's errors meet HTTP's statuses."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from forge.domain.errors import (
    Conflict,
    EngineError,
    Forbidden,
    ForgeError,
    Invalid,
    NotFound,
    ProxyError,
    RegistryError,
    TooMany,
    Unauthorized,
    Unavailable,
)
from forge.log import redact

PROBLEM_JSON: Final = "application/problem+json"
log = logging.getLogger(__name__)


class Problem(msgspec.Struct, kw_only=True):
    """What went wrong, after RFC 9457. `code` is stable and for programs, `detail` a sentence for a person, `fields`
    names the inputs at fault. `id` is found in Forge's log; only internal errors have one.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    fields: dict[str, str]
    id: str | None


class Unreadable(Invalid):
    """The request's body is not what its type says."""

    code = "unreadable"


class UnsupportedType(Invalid):
    """The request's body is of a type nobody reads here."""

    code = "unsupported_type"


STATUS: Final[Mapping[type[ForgeError], int]] = {
    Unreadable: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    UnsupportedType: 415,
    Invalid: 422,
    TooMany: 429,
    RegistryError: 502,
    EngineError: 502,
    ProxyError: 502,
    Unavailable: 503,
    ForgeError: 500,  # the store's and the vault's sentences: the data folder needs a person
}

# Where the input or the present state is at fault rather than the part that said so.
BY_CODE: Final[Mapping[str, int]] = {
    "no_repository": 422,
    "port_taken": 409,
    "name_taken": 409,
    "domain_taken": 409,
    "too_large": 413,
    "oidc_logout": 400,  # as the specification of back-channel logout has it
}

# Codes of werkzeug's own errors.
_HTTP: Final[Mapping[int, tuple[str, str]]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This cannot be done at this address: see the Allow header."),
    413: ("too_large", "The request is too large."),
}


def status_of(error: ForgeError) -> int:
    """The HTTP status that tells of `error`."""
    known = next(STATUS[type_] for type_ in type(error).__mro__ if type_ in STATUS)
    return BY_CODE.get(error.code, known)


def problem(
    status: int, code: str, detail: str, *, fields: Mapping[str, str] | None = None, id: str | None = None
) -> Response:
    """An answer of `status` with a sentence; what looks like a secret is taken out of it."""
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=redact(detail),
        fields={name: redact(text) for name, text in (fields or {}).items()},
        id=id,
    )
    return Response(msgspec.json.encode(body), status=status, content_type=PROBLEM_JSON)


def nothing_here() -> Response:
    """The 404 of an address that leads nowhere."""
    return problem(404, *_HTTP[404])


def from_forge(error: ForgeError) -> Response:
    """Something a person can act on."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s: %s", error.code, error.message)
    answer = problem(status, error.code, error.message, fields=error.fields)
    if isinstance(error, Unavailable):
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after or 5))
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def from_werkzeug(error: HTTPException) -> Response:
    """What routing and reading a request find: 404, 405, 413, …; redirections go through."""
    status = error.code or 500
    if status < HTTPStatus.BAD_REQUEST:
        return Response(response=error.get_body(), status=status, headers=error.get_headers())
    code, detail = _HTTP.get(status, ("bad_request", error.description or HTTPStatus(status).phrase))
    answer = problem(status, code, detail)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def from_anything(error: Exception) -> Response:
    """Nothing of an unexpected error is told but an id, which the log has with the traceback."""
    number = secrets.token_hex(6)
    log.error("Internal error %s", number, exc_info=error)
    return problem(500, "internal", f"Internal error {number}: Forge's log says more under this id.", id=number)


def register(app: Flask) -> None:
    """Answer every error of `app` as problem+json."""
    app.register_error_handler(ForgeError, from_forge)
    app.register_error_handler(HTTPException, from_werkzeug)
    app.register_error_handler(Exception, from_anything)
