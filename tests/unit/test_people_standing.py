"""Who stands behind what: from memory, and never from before the last change."""

from __future__ import annotations

from forge.domain.events import Event
from forge.domain.person import Person, Role, Token
from forge.people.standing import changes_standing
from tests.people_world import Town, town_fixture  # noqa: F401


def test_the_database_is_read_once_until_something_changes(town: Town):
    town.add("ada")
    session = town.people.sessions.begin("ada")
    known = town.people.standings.known()
    for _ in range(5):
        town.people.sessions.find(session)
    assert town.people.standings.known() is known
    town.add("bob")
    assert town.people.standings.known() is not known


def test_another_role_is_in_force_at_once(town: Town):
    town.add("ada")
    town.add("dora", Role.DEPLOYER)
    session = town.people.sessions.begin("dora")
    _, secret = town.people.tokens.make(
        Token(id=0, name="ci", person=None, role=Role.DEPLOYER), town.store.people.get("dora").principal
    )
    town.people.accounts.change(Person(name="dora", role=Role.VIEWER), "ada")
    assert town.people.sessions.find(session).role is Role.VIEWER
    assert town.people.tokens.find(secret.reveal()).role is Role.VIEWER
    town.people.accounts.remove("dora", "ada")
    assert town.people.sessions.find(session) is None
    assert town.people.tokens.find(secret.reveal()) is None


def test_a_person_of_the_same_name_later_is_another_one(town: Town):
    town.add("ada")
    town.add("dora", Role.DEPLOYER)
    session = town.people.sessions.begin("dora")
    town.people.accounts.remove("dora", "ada")
    town.add("dora", Role.DEPLOYER)
    assert town.people.sessions.find(session) is None


def test_a_project_that_is_deleted_takes_rights_along_and_never_gives_all(town: Town):
    town.project("shop", "dev")
    town.add("ada")
    town.add("dora", Role.DEPLOYER, frozenset({"shop"}))
    session = town.people.sessions.begin("dora")
    assert town.people.sessions.find(session).projects == {"shop"}
    with town.store.database.change() as change:
        town.store.projects.delete(change, "shop", "ada")
    assert town.people.sessions.find(session).projects == frozenset()
    town.project("shop")
    assert not town.people.sessions.find(session).sees("shop")


def test_what_only_failed_changes_nobodys_standing(town: Town):
    def event(type: str, topic: str) -> Event:
        return Event(type=type, topic=topic, at=0, payload={})

    assert changes_standing(event("person_changed", "people"))
    assert changes_standing(event("project_changed", "state"))
    assert not changes_standing(event("sign_in_failed", "people"))
    assert not changes_standing(event("deploy_status", "state"))


def test_a_change_while_it_is_read_is_not_missed(town: Town, monkeypatch):
    town.add("ada")
    read, raced = town.store.people.all, []

    def racing():
        found = read()
        if not raced:
            raced.append(1)
            town.add("bob")
        return found

    monkeypatch.setattr(town.store.people, "all", racing)
    assert set(town.people.standings.known().people) == {"ada", "bob"}
