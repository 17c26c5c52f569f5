"""Who is signed in where: sessions are listed, and ended."""

from __future__ import annotations

from flask import Blueprint, request

from forge.api.context import actor, principal, runtime
from forge.api.contract import Operation, operation
from forge.api.cookies import cookie_of
from forge.api.guard import allow
from forge.api.types import Wire
from forge.domain.person import OWNER, Principal, Reach, Role

blueprint = Blueprint("sessions", __name__)
_ALL = "/api/sessions"


class SessionView(Wire, kw_only=True):
    """A browser that is signed in, since `made`; `seen`: when it was used last, to the minute. Not `person`: the
    machine's owner. `current`: the one that asks.
    """

    id: str
    name: str
    person: bool
    made: float
    seen: float
    ends: float
    address: str
    agent: str
    current: bool


@blueprint.get(_ALL)
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(answer=list[SessionView]))
def list_sessions() -> list[SessionView]:
    """One's own sessions, an admin's answer has everybody's; the latest used first."""
    sessions, of = runtime().people.sessions, only_own()
    current = sessions.id_of(cookie_of(request))
    return [
        SessionView(
            id=one.id, name=one.person or OWNER, person=one.person is not None, made=one.made, seen=one.seen,
            ends=one.ends, address=one.address, agent=one.agent, current=one.id == current,
        )
        for one in sessions.all()
        if of is None or one.person == of.person
    ]  # fmt: skip


@blueprint.delete(_ALL)
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(status=204))
def end_other_sessions() -> None:
    """End all of one's own sessions but the one that asks."""
    runtime().people.sessions.end_others(principal().person, cookie_of(request), actor())


@blueprint.delete(f"{_ALL}/<id>")
@allow(Role.VIEWER, Reach.PERSON)
@operation(Operation(status=204, refuses=(404,)))
def end_session(id: str) -> None:
    """End a session."""
    runtime().people.sessions.end_listed(id, actor(), only_own())


def only_own() -> Principal | None:
    """Of whom whoever asks may see sessions and tokens; None: of everybody."""
    return None if principal().role is Role.ADMIN else principal()
