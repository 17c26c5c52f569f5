"""Who guesses has to wait, longer each time, and never for good."""

from __future__ import annotations

import pytest

from forge.people import throttle
from forge.people.throttle import Throttle
from tests.people_world import Clock


@pytest.fixture
def clock():
    return Clock()


def fail(throttle: Throttle, *keys: str, times: int = 5) -> None:
    for _ in range(times):
        assert throttle.begin(keys) == 0


def test_five_mistakes_cost_nothing_then_the_wait_doubles_up_to_five_minutes(clock):
    slow, waits = Throttle(clock), []
    fail(slow, "ada")
    for _ in range(12):
        waits.append(slow.begin(["ada"]))
        clock.now += waits[-1]
        fail(slow, "ada", times=1)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_who_tries_while_waiting_does_not_wait_longer(clock):
    slow = Throttle(clock)
    fail(slow, "ada")
    assert [slow.begin(["ada"]) for _ in range(50)] == [1.0] * 50
    clock.now += 1
    assert slow.begin(["ada"]) == 0


def test_any_of_the_keys_makes_wait(clock):
    slow = Throttle(clock)
    fail(slow, "from 1", "as ada")
    assert slow.begin(["from 2", "as ada"]) > 0
    assert slow.begin(["from 1", "as bob"]) > 0
    assert slow.begin(["from 2", "as bob"]) == 0


def test_attempts_at_once_are_counted_before_they_are_checked(clock):
    slow = Throttle(clock)
    assert [slow.begin(["ada"]) > 0 for _ in range(8)] == [False] * 5 + [True] * 3


def test_an_attempt_that_was_no_mistake_is_taken_back_and_earlier_ones_stay(clock):
    slow = Throttle(clock)
    fail(slow, "ada", times=4)
    for _ in range(20):
        assert slow.begin(["ada"]) == 0
        slow.undo(["ada"])
    fail(slow, "ada", times=1)
    assert slow.begin(["ada"]) > 0


def test_an_attempt_that_is_taken_back_makes_nobody_wait(clock):
    slow = Throttle(clock)
    fail(slow, "ada")
    clock.now += 2
    assert slow.begin(["ada"]) == 0
    slow.undo(["ada"])
    assert slow.begin(["ada"]) == 0


def test_who_got_in_is_forgiven(clock):
    slow = Throttle(clock)
    fail(slow, "ada")
    slow.forget("ada")
    fail(slow, "ada")


def test_an_hour_later_nobody_remembers(clock):
    slow = Throttle(clock)
    fail(slow, "ada", times=5)
    clock.now += 3601
    fail(slow, "ada", times=5)


def test_a_flood_from_everywhere_takes_no_memory(clock, monkeypatch):
    monkeypatch.setattr(throttle, "_MOST", 100)
    slow = Throttle(clock)
    for number in range(1000):
        slow.begin([f"from {number}"])
    assert len(slow._counts) == 100
