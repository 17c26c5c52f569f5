"""Sessions, tickets and the count of wrong tokens."""

from __future__ import annotations

import pytest

from forge.api.tickets import WRONG_PER_MINUTE, Kept, WrongTokens, sessions_of
from forge.domain.person import Principal, Role
from tests.api_world import a_world

ADA = Principal(name="ada", role=Role.ADMIN)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_that_one_was_ended_is_told_once_and_not_of_one_that_never_was():
    told = []
    kept = Kept(60, ended=lambda: told.append(1))
    made = kept.begin(Principal(name="ann", role=Role.VIEWER))
    kept.end("nobody")
    kept.end(made)
    kept.end(made)
    assert told == [1]


def test_an_id_stands_for_its_principal_until_its_time_is_over(clock):
    kept = Kept(60, clock)
    made = kept.begin(ADA)
    clock.now += 59
    assert kept.find(made) == ADA
    clock.now += 1
    assert kept.find(made) is None
    assert kept.end(made) is None


def test_an_id_ends_once(clock):
    kept = Kept(60, clock)
    made = kept.begin(ADA)
    assert kept.end(made) == ADA
    assert kept.end(made) is None
    assert kept.find(made) is None


def test_ids_are_long_and_never_the_same_and_kept_only_as_hashes(clock):
    kept = Kept(60, clock)
    ids = {kept.begin(ADA) for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) >= 43 for one in ids)
    assert not any(one in repr(kept) for one in ids)


def test_what_is_over_is_forgotten(clock):
    kept = Kept(60, clock)
    for _ in range(5):
        kept.begin(ADA)
    clock.now += 61
    kept.begin(ADA)
    assert len(kept._all) == 1


def test_sessions_outlive_a_restart_until_they_end(tmp_path):
    def opened(world):
        made = sessions_of(world.runtime.store)
        return made, {name: made.find(one) for name, one in ids.items()}

    with a_world(tmp_path) as world:
        sessions = sessions_of(world.runtime.store)
        bob = Principal(name="bob", role=Role.VIEWER, projects=frozenset({"shop"}))
        ids = {"ada": sessions.begin(ADA), "bob": sessions.begin(bob), "gone": sessions.begin(ADA)}
        sessions.end(ids["gone"])
    with a_world(tmp_path) as world:
        again, found = opened(world)
        assert found == {"ada": ADA, "bob": bob, "gone": None}
        assert not any(one.encode() in file.read_bytes() for one in ids.values() for file in tmp_path.glob("forge.db*"))
        again.end(ids["ada"])
        assert opened(world)[1] == {"ada": None, "bob": bob, "gone": None}


@pytest.mark.parametrize("id", ["", "x", "\udcff"])
def test_any_text_may_be_asked_for(clock, id):
    assert Kept(60, clock).find(id) is None


def test_wrong_tokens_are_counted_by_the_minute(clock):
    wrong = WrongTokens(clock)
    assert [wrong.add() for _ in range(WRONG_PER_MINUTE + 1)] == [False] * WRONG_PER_MINUTE + [True]
    clock.now += 61
    assert not wrong.add()


def test_a_flood_of_wrong_tokens_takes_no_memory(clock):
    wrong = WrongTokens(clock)
    for _ in range(1000):
        wrong.add()
    assert len(wrong._times) <= WRONG_PER_MINUTE + 1


def test_roles_include_those_below():
    assert Role.ADMIN > Role.DEPLOYER > Role.VIEWER


def test_a_principal_sees_all_projects_or_its_own():
    assert ADA.sees("shop")
    assert not Principal(name="x", role=Role.ADMIN, projects=frozenset({"blog"})).sees("shop")
