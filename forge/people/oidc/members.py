"""Who somebody at the provider is here: their account, and what their groups make of it at each sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from forge.domain.errors import Conflict, Forbidden, Invalid
from forge.domain.oidc import Oidc, Rights, claim_in, groups_in, name_of
from forge.domain.person import Person, Role
from forge.store.database import Change
from forge.store.people import told
from forge.store.store import Store

_NOTHING = Rights(Role.VIEWER, frozenset())


class Members:
    """An account here is one's own by issuer and subject: names change, and are not proof of anything."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def admit(self, oidc: Oidc, claims: Mapping[str, Any]) -> Person:
        """Who that is, with the role and projects of their groups. Raise Forbidden or Conflict: they are refused."""
        rights = oidc.rights(groups_in(claims, oidc.groups_claim) or ())
        with self._store.database.change() as change:
            name = self._store.oidc.account(oidc.issuer, claims["sub"])
            if name is not None:
                self._give(change, name, rights or _NOTHING)
                if rights is None and (many := self._store.sessions.end_all(change, name)):
                    told("session_ended", change, "forge", name=name, many=many)
            elif rights is not None:
                name = self._add(change, oidc, claims, rights)
        if name is None or rights is None:
            raise Forbidden(
                "The provider knows you, but none of your groups may use Forge: ask an admin of Forge to map one of "
                "them, or of the provider to put you into one",
                code="oidc_no_group",
            )
        return self._store.people.get(name)

    def name(self, oidc: Oidc, claims: Mapping[str, Any]) -> str | None:
        """What they are called here, if they ever were here."""
        return self._store.oidc.account(oidc.issuer, claims["sub"])

    def sign_out(self, oidc: Oidc, subject: str) -> None:
        """End the sessions of whoever that is here. By which way each was opened is not kept: all of them end."""
        name = self._store.oidc.account(oidc.issuer, subject)
        if name is None:
            return
        with self._store.database.change() as change:
            if many := self._store.sessions.end_all(change, name):
                told("session_ended", change, "forge", name=name, many=many)

    def _give(self, change: Change, name: str, rights: Rights) -> None:
        """What the provider says is what counts, also for the last admin: Forge's launch token lets its owner in."""
        before = self._store.people.get(name)
        after = replace(before, role=rights.role, projects=self._there(rights))
        if after != before:
            self._store.people.change(change, after)
            told("person_changed", change, name, name=name, change="changed", role=after.role.word)

    def _add(self, change: Change, oidc: Oidc, claims: Mapping[str, Any], rights: Rights) -> str:
        said = claim_in(claims, oidc.name_claim)
        if oidc.name_claim == "email" and claims.get("email_verified") is False:
            raise Forbidden(
                "The provider has not verified your e-mail address yet: do that there first", code="oidc_email"
            )
        try:
            name = name_of(said)
        except Invalid as error:
            raise Forbidden(
                f"What the provider calls you ({oidc.name_claim}) cannot name a person here: ask an admin to set "
                "another claim for the name",
                code="oidc_name",
            ) from error
        try:
            self._store.people.add(
                change, Person(name=name, role=rights.role, projects=self._there(rights), password=False), None
            )
        except Conflict:
            raise Conflict(
                f"There is somebody named {name} here already, and nothing shows that this is you. An admin can remove "
                "that account; then sign in once more",
                code="oidc_name_taken",
            ) from None
        self._store.oidc.link(change, oidc.issuer, claims["sub"], name)
        told("person_changed", change, name, name=name, change="made", role=rights.role.word)
        return name

    def _there(self, rights: Rights) -> frozenset[str] | None:
        """Of the projects those that exist: a later one of the same name is another one."""
        if rights.projects is None:
            return None
        return rights.projects & {project.name for project in self._store.projects.all()}
