"""Tickets and the count of wrong tokens."""

from __future__ import annotations

import pytest

from forge.api.tickets import TICKET_SECONDS, WRONG_PER_MINUTE, Tickets, WrongTokens
from forge.domain.person import Principal, Role

ADA = Principal(name="ada", role=Role.ADMIN)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_ticket_stands_for_its_principal_once(clock):
    tickets = Tickets(clock)
    made = tickets.make(ADA)
    assert tickets.use(made) == ADA
    assert tickets.use(made) is None


def test_a_ticket_stands_until_its_time_is_over(clock):
    tickets = Tickets(clock)
    early, late = tickets.make(ADA), tickets.make(ADA)
    clock.now += TICKET_SECONDS - 1
    assert tickets.use(early) == ADA
    clock.now += 1
    assert tickets.use(late) is None


def test_tickets_are_long_and_never_the_same_and_kept_only_as_hashes(clock):
    tickets = Tickets(clock)
    made = {tickets.make(ADA) for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) >= 43 for one in made)
    assert not any(one in repr(tickets) for one in made)


def test_what_is_over_is_forgotten(clock):
    tickets = Tickets(clock)
    for _ in range(5):
        tickets.make(ADA)
    clock.now += TICKET_SECONDS + 1
    tickets.make(ADA)
    assert len(tickets._all) == 1


@pytest.mark.parametrize("text", ["", "x", "\udcff"])
def test_any_text_may_be_asked_for(clock, text):
    assert Tickets(clock).use(text) is None


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
