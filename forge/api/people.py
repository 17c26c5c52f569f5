"""People over HTTP, for admins."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, request

from forge.api.context import actor, principal, runtime
from forge.api.contract import At, Operation, operation
from forge.api.cookies import cookie_of
from forge.api.guard import allow
from forge.api.types import Wire
from forge.domain.person import Person, Reach, Role, role_of

blueprint = Blueprint("people", __name__)
_ALL = "/api/people"
_ONE = f"{_ALL}/<name>"


class ChangedPerson(Wire, kw_only=True):
    """What somebody may: `role` is viewer, deployer or admin; `projects` are those they see, null: all, as an admin
    does.
    """

    role: str
    projects: list[str] | None = None


class NewPerson(ChangedPerson, kw_only=True):
    """Somebody who is to sign in."""

    name: str
    password: str


class NewPassword(Wire, kw_only=True):
    """A password in the place of one that was lost."""

    password: str


class PersonView(Wire, kw_only=True):
    """Somebody who can sign in, here by a `password`, or elsewhere; `totp`: with a one-time code beside it. `sessions`
    and `tokens`: how many stand now.
    """

    name: str
    role: str
    projects: list[str] | None
    password: bool
    totp: bool
    created: float
    signed_in: float | None
    sessions: int
    tokens: int


@blueprint.get(_ALL)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(answer=list[PersonView]))
def list_people() -> list[PersonView]:
    """Everybody who can sign in, by name."""
    return _views(runtime().store.people.all())


@blueprint.post(_ALL)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(body=NewPerson, status=201, answer=PersonView, refuses=(409,)))
def create_person(body: NewPerson) -> At:
    """Have somebody sign in."""
    made = runtime().people.accounts.add(_person(body.name, body), body.password, actor())
    return At(f"{_ALL}/{made.name}", _views([made])[0])


@blueprint.get(_ONE)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(answer=PersonView, refuses=(404,)))
def read_person(name: str) -> PersonView:
    """One of them."""
    return _views([runtime().store.people.get(name)])[0]


@blueprint.put(_ONE)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(body=ChangedPerson, answer=PersonView, refuses=(404, 409)))
def change_person(name: str, body: ChangedPerson) -> PersonView:
    """Change what somebody may, at once."""
    runtime().store.people.get(name)
    return _views([runtime().people.accounts.change(_person(name, body), actor())])[0]


@blueprint.delete(_ONE)
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(status=204, refuses=(404, 409)))
def delete_person(name: str) -> None:
    """Forget somebody; their sessions and tokens are over at once."""
    runtime().people.accounts.remove(name, actor())


@blueprint.put(f"{_ONE}/password")
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(body=NewPassword, status=204, refuses=(404,)))
def set_password(name: str, body: NewPassword) -> None:
    """Give somebody a new password; their sessions are over at once."""
    own = cookie_of(request) if principal().person == name else ""
    runtime().people.accounts.set_password(name, body.password, actor(), own)


@blueprint.delete(f"{_ONE}/totp")
@allow(Role.ADMIN, Reach.PERSON)
@operation(Operation(status=204, refuses=(404,)))
def take_codes_off(name: str) -> None:
    """Ask somebody for no one-time codes any more: they lost their phone."""
    runtime().people.codes.remove(name, actor())


def _person(name: str, body: ChangedPerson) -> Person:
    projects = None if body.projects is None else frozenset(body.projects)
    return Person(name=name, role=role_of(body.role), projects=projects)


def _views(people: list[Person]) -> list[PersonView]:
    sessions = Counter(one.person for one in runtime().people.sessions.all())
    tokens = Counter(one.person for one in runtime().people.tokens.standing())
    return [
        PersonView(
            name=one.name, role=one.role.word, projects=None if one.projects is None else sorted(one.projects),
            password=one.password, totp=one.totp, created=one.created, signed_in=one.signed_in,
            sessions=sessions[one.name], tokens=tokens[one.name],
        )
        for one in people
    ]  # fmt: skip
