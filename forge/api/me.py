"""One's own account: password and one-time codes."""

from __future__ import annotations

from flask import Blueprint, request

from forge.api.context import actor, principal, runtime
from forge.api.contract import Operation, operation
from forge.api.cookies import cookie_of
from forge.api.guard import allow
from forge.api.types import Wire
from forge.domain.errors import Conflict
from forge.domain.person import Person, Reach, Role

blueprint = Blueprint("me", __name__)
_ME = "/api/me"


class Me(Wire, kw_only=True):
    """Whoever asks. Not `person`: the machine's owner, who has no account. `password`: they have one here; `totp`:
    one-time codes are asked for; `recovery_codes`: how many are left.
    """

    name: str
    role: str
    projects: list[str] | None
    person: bool
    password: bool
    totp: bool
    recovery_codes: int
    created: float | None
    signed_in: float | None


class OwnPassword(Wire, kw_only=True):
    """A new password, and the one until now."""

    old: str
    new: str


class Proof(Wire, kw_only=True):
    """One's own password, once more."""

    password: str


class TotpBegun(Wire, kw_only=True):
    """What an authenticator takes, typed as `secret` or read as a picture of `uri`; not in force until confirmed."""

    secret: str
    uri: str


class TotpCode(Wire, kw_only=True):
    """The code that the authenticator shows now."""

    code: str


class RecoveryCodes(Wire, kw_only=True):
    """Each signs in once in the place of a one-time code; never shown again."""

    codes: list[str]


@blueprint.get(_ME)
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(answer=Me))
def read_me() -> Me:
    """One's own account."""
    asks = principal()
    found = runtime().store.people.get(asks.person) if asks.person is not None else None
    return Me(
        name=asks.name, role=asks.role.word, projects=None if asks.projects is None else sorted(asks.projects),
        person=found is not None, password=found is not None and found.password,
        totp=found is not None and found.totp,
        recovery_codes=runtime().store.people.recovery_codes(found.name) if found is not None else 0,
        created=found.created if found is not None else None,
        signed_in=found.signed_in if found is not None else None,
    )  # fmt: skip


@blueprint.put(f"{_ME}/password")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(body=OwnPassword, status=204, refuses=(401, 409, 429)))
def change_own_password(body: OwnPassword) -> None:
    """Change one's own password; all other sessions of theirs are over."""
    me = _proven(body.old)
    runtime().people.accounts.set_password(me.name, body.new, actor(), cookie_of(request))


@blueprint.post(f"{_ME}/totp")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(body=Proof, answer=TotpBegun, refuses=(401, 409, 429)))
def begin_totp(body: Proof) -> TotpBegun:
    """Begin with one-time codes: they are asked for once they are confirmed."""
    secret, uri = runtime().people.codes.begin(_proven(body.password).name)
    return TotpBegun(secret=secret, uri=uri)


@blueprint.post(f"{_ME}/totp/confirm")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(body=TotpCode, answer=RecoveryCodes, refuses=(409,)))
def confirm_totp(body: TotpCode) -> RecoveryCodes:
    """Say a code of the authenticator: from now on one is asked for. The recovery codes are shown this once."""
    return RecoveryCodes(codes=runtime().people.codes.confirm(_account().name, body.code, actor()))


@blueprint.post(f"{_ME}/totp/remove")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(body=Proof, status=204, refuses=(401, 409, 429)))
def remove_totp(body: Proof) -> None:
    """Be asked for no one-time codes any more."""
    runtime().people.codes.remove(_proven(body.password).name, actor())


def _account() -> Person:
    person = principal().person
    if person is None:
        raise Conflict("You are here by the launch token, which has no account: sign in as yourself", code="no_account")
    return runtime().store.people.get(person)


def _proven(password: str) -> Person:
    """Whoever asks, who knows their password; raise Conflict if they have none, Unauthorized if it is wrong."""
    me = _account()
    if not me.password:
        raise Conflict("You have no password here: you sign in elsewhere", code="no_password")
    runtime().people.entrance.prove(me.name, password)
    return me
