"""API tokens over HTTP: made, listed, ended."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from forge.api.context import actor, principal, runtime
from forge.api.contract import At, Operation, operation
from forge.api.guard import allow
from forge.api.sessions import only_own
from forge.api.types import Wire
from forge.domain.person import Reach, Role, Token, role_of

blueprint = Blueprint("tokens", __name__)
_ALL = "/api/tokens"


class NewToken(Wire, kw_only=True):
    """A token for a program, to do what `role` may, at most what its maker may; only for a project, only to write one
    of its stages, only until `expires`, where they are said.
    """

    name: str
    role: str = "deployer"
    project: str | None = None
    stage: str | None = None
    expires: float | None = None


class TokenView(Wire, kw_only=True):
    """A token; `person` null: the machine's owner made it. `used`: last, to the minute; `ended`: by hand."""

    id: int
    name: str
    person: str | None
    role: str
    project: str | None
    stage: str | None
    made: float
    expires: float | None
    used: float | None
    ended: float | None


class MadeToken(TokenView, kw_only=True):
    """A new token; `secret` is what a program sends as a bearer, and is never shown again."""

    secret: str


@blueprint.get(_ALL)
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(answer=list[TokenView]))
def list_tokens() -> list[TokenView]:
    """One's own tokens, an admin's answer has everybody's; the newest first, those that are over among them."""
    return [TokenView(**_fields(token)) for token in runtime().people.tokens.all(only_own())]


@blueprint.post(_ALL)
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(body=NewToken, status=201, answer=MadeToken, refuses=(404,)))
def create_token(body: NewToken) -> At:
    """Make a token; its secret is shown this once."""
    wanted = Token(
        id=0, name=body.name, person=None, role=role_of(body.role), project=body.project, stage=body.stage,
        expires=body.expires,
    )  # fmt: skip
    token, secret = runtime().people.tokens.make(wanted, principal())
    return At(f"{_ALL}/{token.id}", MadeToken(**_fields(token), secret=secret.reveal()))


@blueprint.delete(f"{_ALL}/<int(max=2147483647):id>")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(status=204, refuses=(404,)))
def end_token(id: int) -> None:
    """End a token: it opens nothing from now on."""
    runtime().people.tokens.end(id, actor(), only_own())


def _fields(token: Token) -> dict[str, Any]:
    values = {name: getattr(token, name) for name in TokenView.__struct_fields__}
    return {**values, "role": token.role.word}
