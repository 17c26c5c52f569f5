"""Accounts: made, changed, removed; there always is an admin left."""

from __future__ import annotations

import pytest

from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.person import Person, Role
from tests.people_world import PASSWORD, Town, town_fixture  # noqa: F401


def test_the_first_one_is_an_admin(town: Town):
    with pytest.raises(Conflict) as caught:
        town.add("dora", Role.DEPLOYER)
    assert caught.value.code == "no_admin"
    assert town.add("ada").role is Role.ADMIN
    assert town.add("dora", Role.DEPLOYER).name == "dora"


def test_a_name_is_taken_once(town: Town):
    town.add("ada")
    with pytest.raises(Conflict) as caught:
        town.add("ada")
    assert caught.value.code == "name_taken"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEPLOYER])
def test_the_last_admin_stays_one(town: Town, role: Role):
    town.add("ada")
    town.add("dora", Role.DEPLOYER)
    for attempt in (
        lambda: town.people.accounts.change(Person(name="ada", role=role), "ada"),
        lambda: town.people.accounts.remove("ada", "ada"),
    ):
        with pytest.raises(Conflict) as caught:
            attempt()
        assert caught.value.code == "last_admin"
    assert town.store.people.get("ada").role is Role.ADMIN
    town.add("bob")
    town.people.accounts.remove("ada", "bob")
    with pytest.raises(Conflict):
        town.people.accounts.remove("bob", "bob")


def test_who_is_no_admin_may_be_changed_and_removed(town: Town):
    town.add("ada")
    town.project("shop")
    town.add("dora", Role.DEPLOYER)
    changed = town.people.accounts.change(Person(name="dora", role=Role.VIEWER, projects=frozenset({"shop"})), "ada")
    assert (changed.role, changed.projects) == (Role.VIEWER, {"shop"})
    town.people.accounts.remove("dora", "ada")
    with pytest.raises(NotFound):
        town.store.people.get("dora")


def test_projects_have_to_be_there_and_an_admin_sees_all(town: Town):
    town.add("ada")
    for person in (
        Person(name="bob", role=Role.VIEWER, projects=frozenset({"nothing"})),
        Person(name="bob", role=Role.ADMIN, projects=frozenset()),
    ):
        with pytest.raises(Invalid) as caught:
            town.people.accounts.add(person, PASSWORD, "ada")
        assert "projects" in caught.value.fields


def test_there_is_nobody_to_change(town: Town):
    town.add("ada")
    for attempt in (
        lambda: town.people.accounts.change(Person(name="nobody", role=Role.ADMIN), "ada"),
        lambda: town.people.accounts.remove("nobody", "ada"),
        lambda: town.people.accounts.set_password("nobody", PASSWORD, "ada"),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_new_password_ends_their_other_sessions_and_nobody_elses(town: Town):
    town.add("ada")
    town.add("bob")
    kept, other, bobs = (town.people.sessions.begin(name) for name in ("ada", "ada", "bob"))
    town.people.accounts.set_password("ada", "another horse battery", "ada", besides=kept)
    found = [town.people.sessions.find(one) is not None for one in (kept, other, bobs)]
    assert found == [True, False, True]
    assert town.people.entrance.check("ada", "another horse battery", None, "") == "ada"


def test_what_was_done_is_told_without_the_password(town: Town):
    town.add("ada")
    town.people.accounts.set_password("ada", "another horse battery", "ada")
    assert [(event.type, event.payload["change"], event.topic) for event in town.told] == [
        ("person_changed", "made", "people"),
        ("person_changed", "password", "people"),
    ]
    assert "horse" not in repr(town.told)


def test_somebody_who_signs_in_elsewhere_has_no_password(town: Town):
    town.add("ada")
    made = town.people.accounts.add(Person(name="eve", role=Role.VIEWER), None, "oidc")
    assert not made.password
    assert town.store.people.password("eve") is None
