"""The machine's clock is set: nobody is shut out by it, no throttle opens, and nothing lasts for years."""

from __future__ import annotations

import time

import pytest

from forge.api.tickets import WRONG_PER_MINUTE, Tickets, WrongTokens
from forge.domain.person import Principal, Role, Token
from forge.people.throttle import Throttle
from tests.people_world import Town, town_fixture  # noqa: F401
from tests.unit.test_people_codes import code_of

HOUR, YEAR = 3600.0, 365 * 86400.0
ADA = Principal(name="ada", role=Role.ADMIN)


@pytest.fixture
def ada(town: Town) -> Principal:
    return town.add("ada").principal


def token(**more) -> Token:
    return Token(**{"id": 0, "name": "ci", "person": None, "role": Role.DEPLOYER, **more})


# ---- in memory


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_neither_shuts_people_out_nor_lets_anybody_guess(monkeypatch, years):
    slow = Throttle()
    assert [slow.begin(["ada"]) for _ in range(5)] == [0] * 5
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0 + years * 365 * 86400)
    assert 0 < slow.begin(["ada"]) <= 1
    passed = time.monotonic() + 1
    monkeypatch.setattr(slow, "clock", lambda: passed)
    assert slow.begin(["ada"]) == 0


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_set_ends_no_ticket_and_forgives_no_wrong_token(monkeypatch, years):
    tickets, wrong = Tickets(), WrongTokens()
    made = tickets.make(ADA)
    assert [wrong.add() for _ in range(WRONG_PER_MINUTE + 1)][-1]
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0 + years * 365 * 86400)
    assert tickets.use(made).principal == ADA
    assert wrong.add()


# ---- what outlives Forge


def test_a_clock_that_is_put_back_by_hours_ends_no_session_and_its_use_is_written_down(town: Town, ada):
    session = town.people.sessions.begin("ada")
    for _ in range(3):
        town.clock.now -= 5 * HOUR
        town.people.sessions.touch(session)
        assert town.people.sessions.find(session) is not None
    assert [one.seen for one in town.people.sessions.all()] == [town.clock.now]
    assert [one.seen for one in town.store.sessions.all().values()] == [town.clock.now]


def test_a_session_of_a_clock_that_was_years_ahead_does_not_last_for_years(town: Town, ada):
    session = town.people.sessions.begin("ada")
    town.clock.now -= 10 * YEAR
    assert town.people.sessions.find(session) is None
    again = town.people.sessions.begin("ada")  # no more is needed
    assert town.people.sessions.find(again) is not None
    assert len(town.store.sessions.all()) == 1


def test_a_clock_that_jumps_ahead_for_a_moment_costs_the_idle_ones_no_more_than_a_new_sign_in(town: Town, ada):
    session = town.people.sessions.begin("ada")
    town.clock.now += YEAR
    assert town.people.sessions.find(session) is None
    town.clock.now -= YEAR
    assert town.people.sessions.find(session) is not None


def test_the_use_of_a_token_is_written_down_once_a_minute_by_a_clock_that_was_put_back_too(town: Town, ada):
    _, secret = town.people.tokens.make(token(), ada)
    town.people.tokens.touch(secret.reveal())
    town.clock.now -= 10 * YEAR
    used = []
    for _ in range(130):
        town.clock.now += 1
        town.people.tokens.touch(secret.reveal())
        used.append(town.store.tokens.all()[0].used)
    assert len(set(used)) == 3
    assert used[-1] <= town.clock.now


def test_a_token_goes_by_the_date_that_it_says_and_stands_again_once_the_clock_is_right(town: Town, ada):
    _, secret = town.people.tokens.make(token(expires=town.clock() + 60), ada)
    town.clock.now += YEAR
    assert town.people.tokens.find(secret.reveal()) is None
    town.clock.now -= YEAR
    assert town.people.tokens.find(secret.reveal()) is not None


def test_a_clock_that_was_ahead_keeps_nobody_out_once_it_is_right(town: Town, ada):
    secret, _ = town.people.codes.begin("ada")
    town.people.codes.confirm("ada", code_of(secret, town.clock()), "ada")
    town.clock.now += YEAR
    assert town.people.codes.use("ada", code_of(secret, town.clock()))
    town.clock.now -= 364 * 86400
    code = code_of(secret, town.clock())
    assert town.people.codes.use("ada", code)
    assert not town.people.codes.use("ada", code)
