"""People, sessions and tokens as rows."""

from __future__ import annotations

import pytest

from forge.domain.errors import NotFound
from forge.domain.person import Person, Role
from forge.store.people import told
from tests.people_world import Town, town_fixture  # noqa: F401


def test_what_is_kept_comes_back(town: Town):
    dora = Person(name="dora", role=Role.DEPLOYER, projects=frozenset({"shop", "blog"}))
    with town.store.database.change() as change:
        town.store.people.add(change, dora, "hash")
        town.store.people.add(change, Person(name="ada", role=Role.ADMIN), None)
    ada, found = town.store.people.all()
    assert (found.name, found.role, found.projects, found.password) == ("dora", Role.DEPLOYER, dora.projects, True)
    assert (ada.projects, ada.password, ada.totp, ada.signed_in) == (None, False, False, None)
    assert town.store.people.password("dora") == "hash"
    assert town.store.people.password("nobody") is None


def test_no_project_is_not_all_projects(town: Town):
    with town.store.database.change() as change:
        town.store.people.add(change, Person(name="eve", role=Role.VIEWER, projects=frozenset()), None)
    assert town.store.people.get("eve").projects == frozenset()


def test_nobody_is_not_found(town: Town):
    with pytest.raises(NotFound):
        town.store.people.get("nobody")
    for attempt in (
        lambda change: town.store.people.remove(change, "nobody"),
        lambda change: town.store.people.set_password(change, "nobody", "x"),
        lambda change: town.store.people.change(change, Person(name="nobody", role=Role.ADMIN)),
    ):
        with pytest.raises(NotFound), town.store.database.change() as change:
            attempt(change)


def test_with_a_person_goes_all_that_signs_them_in(town: Town):
    town.add("ada")
    town.add("bob")
    secret, _ = town.people.codes.begin("bob")
    session = town.people.sessions.begin("bob")
    with town.store.database.change() as change:
        town.store.people.remove(change, "bob")
        told("person_changed", change, "test", name="bob", change="removed")
    assert town.store.secrets.get("person/bob/totp-new") is None
    assert town.store.sessions.all() == {}
    assert town.people.sessions.find(session) is None
    assert secret


def test_what_is_about_people_is_on_its_own_topic(town: Town):
    town.add("ada")
    assert town.store.events.activity(before=None, limit=10) == []
    assert [one.type for one in town.store.events.activity(before=None, limit=10, people=True)] == ["person_changed"]
