"""All about people, put together as Forge does."""

from __future__ import annotations

from tests.people_world import PASSWORD, Town, town_fixture  # noqa: F401


def test_from_the_setup_link_to_a_session(town: Town):
    people = town.people
    people.setup.use(people.setup.token(), "ada", PASSWORD)
    session = people.sessions.begin(people.entrance.check("ada", PASSWORD, None, "10.0.0.1"), address="10.0.0.1")
    assert people.sessions.find(session).name == "ada"
    assert town.types() == ["person_changed", "signed_in"]
    assert {event.topic for event in town.told} == {"people"}


def test_their_clock_is_the_stores(town: Town):
    town.add("ada")
    session = town.people.sessions.begin("ada")
    town.store.database.clock = lambda: town.clock() + 40 * 86400
    assert town.people.sessions.find(session) is None
