"""Sessions: begun, found, listed, ended, over by themselves."""

from __future__ import annotations

import pytest

from forge.domain.errors import NotFound, Unauthorized
from forge.domain.person import Role, owner
from forge.people.sessions import IDLE_SECONDS, SECONDS
from forge.store.database import StoreUnavailable
from tests.people_world import Town, town_fixture  # noqa: F401


@pytest.fixture
def sessions(town: Town):
    town.add("ada")
    town.add("dora", Role.DEPLOYER)
    return town.people.sessions


def test_an_id_stands_for_its_person_or_for_the_owner(town: Town, sessions):
    assert sessions.find(sessions.begin("ada")) == town.store.people.get("ada").principal
    assert sessions.find(sessions.begin(None)) == owner()
    for other in ("", "x", "\udcff"):
        assert sessions.find(other) is None


def test_it_is_begun_for_somebody_who_is_there(sessions):
    with pytest.raises(Unauthorized):
        sessions.begin("nobody")


def test_it_ends_after_a_week_unused(town: Town, sessions):
    used, unused = sessions.begin("ada"), sessions.begin("ada")
    town.clock.now += IDLE_SECONDS - 1
    sessions.touch(used)
    town.clock.now += 1
    assert sessions.find(unused) is None
    assert sessions.find(used) is not None


def test_it_ends_after_a_month_however_it_is_used(town: Town, sessions):
    session = sessions.begin("ada")
    for _ in range(int(SECONDS / 86400)):
        assert sessions.find(session) is not None
        town.clock.now += 86400
        sessions.touch(session)
    assert sessions.find(session) is None


def test_what_is_over_is_forgotten(town: Town, sessions):
    sessions.begin("ada")
    town.clock.now += SECONDS + 1
    sessions.begin("dora")
    assert [one.person for one in town.store.sessions.all().values()] == ["dora"]


def test_use_is_written_down_once_a_minute(town: Town, sessions, monkeypatch):
    session, written = sessions.begin("ada"), []
    seen = town.store.sessions.seen
    monkeypatch.setattr(town.store.sessions, "seen", lambda *given: written.append(seen(*given)))
    for _ in range(180):
        town.clock.now += 1
        sessions.touch(session)
    assert len(written) == 3
    assert sessions.all()[0].seen == town.clock()


def test_a_database_that_cannot_be_written_is_no_obstacle(town: Town, sessions, monkeypatch):
    session = sessions.begin("ada")
    town.clock.now += 100

    def full(*_):
        raise StoreUnavailable("The disk is full")

    monkeypatch.setattr(town.store.sessions, "seen", full)
    sessions.touch(session)
    assert sessions.find(session) is not None


def test_they_are_listed_with_where_and_by_what_and_not_by_what_opens_them(town: Town, sessions):
    session = sessions.begin("ada", address="10.0.0.1", agent="Firefox" * 100)
    listed = sessions.all()[0]
    assert (listed.person, listed.address, len(listed.agent)) == ("ada", "10.0.0.1", 200)
    assert listed.id == sessions.id_of(session)
    assert session not in repr(sessions.all())
    assert sessions.find(listed.id) is None
    assert sessions.knows("ada", "10.0.0.1")
    assert not sessions.knows("ada", "10.0.0.2")


def test_one_is_ended_by_its_listed_name_and_only_by_who_may(town: Town, sessions):
    session = sessions.begin("ada")
    listed = sessions.id_of(session)
    with pytest.raises(NotFound):
        sessions.end_listed(listed, "dora", town.store.people.get("dora").principal)
    sessions.end_listed(listed, "ada", town.store.people.get("ada").principal)
    assert sessions.find(session) is None
    with pytest.raises(NotFound):
        sessions.end_listed(listed, "admin")
    assert town.told[-1].payload == {"name": "ada", "many": 1}


def test_all_others_end_and_nobody_elses(sessions):
    kept, other, doras = sessions.begin("ada"), sessions.begin("ada"), sessions.begin("dora")
    sessions.end_others("ada", kept, "ada")
    assert [sessions.find(one) is not None for one in (kept, other, doras)] == [True, False, True]


def test_a_new_one_takes_the_place_of_the_browsers_former(town: Town, sessions):
    old = sessions.begin("ada")
    new = sessions.begin("dora", instead=old)
    assert sessions.find(old) is None
    assert sessions.find(new).name == "dora"
    sessions.end("made-up", "ada")
    sessions.end(new, "dora")
    assert sessions.find(new) is None


def test_only_hashes_are_kept(town: Town, sessions, tmp_path):
    made = {sessions.begin("ada") for _ in range(20)}
    assert len(made) == 20
    assert all(len(one) >= 43 for one in made)
    town.store.database.close()
    kept = (tmp_path / "forge.db").read_bytes()
    assert not any(one.encode() in kept for one in made)
