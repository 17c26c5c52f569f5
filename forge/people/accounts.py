"""Accounts: people are made, changed and removed; there always is an admin left."""

from __future__ import annotations

from forge.domain.errors import Conflict, Invalid
from forge.domain.person import Person, Role, check_password, check_person
from forge.people.passwords import Passwords
from forge.people.standing import hash_of
from forge.store.database import Change
from forge.store.people import person_place, told
from forge.store.store import Store


class Accounts:
    """What is done here takes effect at once on sessions, tokens and streams (people/standing.py)."""

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self._store, self._passwords = store, passwords

    def add(self, person: Person, password: str | None, actor: str) -> Person:
        """Somebody new; without a password they sign in elsewhere. Raise Invalid or Conflict."""
        check_person(person.name)
        self._check_projects(person)
        if password is not None:
            check_password(password, person.name)
        kept = None if password is None else self._passwords.hash(password)
        with self._store.database.change() as change:
            if person.role is not Role.ADMIN and not self._store.people.admins(change, besides=""):
                raise Conflict("Make an admin first: somebody has to be there who may do all", code="no_admin")
            self._store.people.add(change, person, kept)
            told("person_changed", change, actor, name=person.name, change="made", role=person.role.word)
        return self._store.people.get(person.name)

    def add_first(self, name: str, password: str) -> Person:
        """The first admin. Raise Invalid; Conflict if there is somebody."""
        person = Person(name=check_person(name), role=Role.ADMIN)
        check_password(password, name)
        kept = self._passwords.hash(password)
        with self._store.database.change() as change:
            if not self._store.people.empty(change):
                raise Conflict("Forge is set up already: sign in, or ask an admin for an account", code="set_up")
            self._store.people.add(change, person, kept)
            told("person_changed", change, name, name=name, change="made", role=person.role.word)
        return person

    def change(self, person: Person, actor: str) -> Person:
        """Another role, or other projects. Raise NotFound, Invalid or Conflict."""
        self._check_projects(person)
        with self._store.database.change() as change:
            if person.role is not Role.ADMIN:
                self._check_last(change, person.name)
            self._store.people.change(change, person)
            told("person_changed", change, actor, name=person.name, change="changed", role=person.role.word)
        return self._store.people.get(person.name)

    def remove(self, name: str, actor: str) -> None:
        """Forget somebody; their sessions and tokens are over. Raise NotFound or Conflict."""
        with self._store.database.change() as change:
            self._check_last(change, name)
            self._store.people.remove(change, name)
            self._store.secrets.delete(change, person_place(name))
            told("person_changed", change, actor, name=name, change="removed")

    def set_password(self, name: str, password: str, actor: str, besides: str = "") -> None:
        """A new password; their sessions but that of the cookie `besides` are over. Raise NotFound or Invalid."""
        self._store.people.get(name)
        check_password(password, name)
        kept = self._passwords.hash(password)
        with self._store.database.change() as change:
            self._store.people.set_password(change, name, kept)
            self._store.sessions.end_all(change, name, hash_of(besides))
            told("person_changed", change, actor, name=name, change="password")

    def _check_last(self, change: Change, name: str) -> None:
        is_admin = self._store.people.get(name).role is Role.ADMIN
        if is_admin and not self._store.people.admins(change, name):
            raise Conflict(f"{name} is the only admin: make another one first", code="last_admin")

    def _check_projects(self, person: Person) -> None:
        if person.role is Role.ADMIN and person.projects is not None:
            raise Invalid("An admin sees all projects: leave them out", fields={"projects": "not for an admin"})
        known = {project.name for project in self._store.projects.all()}
        if missing := sorted(set(person.projects or ()) - known):
            raise Invalid(f"There is no project {missing[0][:60]}", fields={"projects": "there is none of that name"})
