"""What two readings say, and what two samples make together."""

import pytest

from forge.domain.metrics import LONGEST, MACHINE, WINDOWS, Sample, Usage, between, together


def usage(at=0.0, **more):
    return Usage(**{"at": at, "cpu": 1.0, "memory": 100, "received": 1000, "sent": 500, **more})


def test_what_counts_up_becomes_a_rate_and_memory_stays_what_it_is():
    found = between("a1b2c3", usage(10), usage(14, cpu=3.0, memory=70, received=1400, sent=500), 99)
    assert found == Sample(subject="a1b2c3", at=99, seconds=4, cpu=0.5, memory=70, received=100, sent=0)


@pytest.mark.parametrize("counter", ["cpu", "received", "sent"])
def test_a_counter_that_fell_began_anew_and_says_nothing(counter):
    assert between("a", usage(0), usage(3, **{counter: 0}), 3) is None


@pytest.mark.parametrize("at", [10, 9, 10 + LONGEST + 1])
def test_without_time_between_or_with_too_much_nothing_is_said(at):
    """A clock that was set back, and a machine that slept."""
    assert between("a", usage(10), usage(at), 10) is None


def test_a_machine_uses_no_more_than_all_of_it():
    assert between(MACHINE, usage(0), usage(1, cpu=2.1), 1).cpu == 1
    assert between("a1b2c3", usage(0), usage(1, cpu=2.5), 1).cpu == 1.5


def test_what_is_not_known_stays_so():
    found = between("a", usage(0, received=None, sent=None), usage(2, cpu=None, received=5, sent=None), 2)
    assert (found.cpu, found.received, found.sent, found.memory) == (None, None, None, 100)


def test_together_averages_are_weighed_by_time_and_memory_is_the_most():
    short = Sample(subject="a", at=10, seconds=10, cpu=1.0, memory=50, received=0, sent=None)
    long = Sample(subject="a", at=40, seconds=30, cpu=0.2, memory=40, received=40, sent=3)
    both = together(short, long)
    assert (both.seconds, both.cpu, both.memory, both.received, both.sent) == (40, pytest.approx(0.4), 50, 30, None)


def test_every_window_has_about_as_many_points_as_a_chart_is_wide():
    assert {name: tier.keep for name, tier in WINDOWS.items()} == {
        "30m": 1800, "2h": 7200, "24h": 86400, "7d": 604800,
    }  # fmt: skip
    assert all(120 <= tier.points <= 350 for tier in WINDOWS.values())
