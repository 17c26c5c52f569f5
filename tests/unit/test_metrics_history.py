"""Samples on a chart's grid: nothing is invented, nothing that was measured is missing."""

import pytest

from forge.domain.metrics import WINDOWS, Sample
from forge.metrics.history import Grid, grid, read
from tests.unit.measuring import Measured
from tests.unit.storing import NOON


def sample(at, cpu=None, *, seconds=10, **more):
    return Sample(subject="a", at=at, seconds=seconds, cpu=cpu, **more)


def cpu(*samples, points=6, step=10):
    return Grid(start=0, step=step, points=points).lines(samples).cpu


def test_the_grid_ends_with_the_step_that_holds_the_present():
    assert grid(3, 10, 100.0) == Grid(start=80, step=10, points=3)
    assert grid(3, 10, 109.9) == Grid(start=80, step=10, points=3)
    assert grid(3, 10, 110.0) == Grid(start=90, step=10, points=3)


def test_where_nothing_was_measured_there_is_nothing():
    assert cpu() == [None] * 6
    assert cpu(sample(5, 0.1), sample(41, 0.2)) == [0.1, None, None, None, 0.2, None]


def test_several_samples_of_a_step_are_one_value():
    assert cpu(sample(10, 0.1, seconds=3), sample(13, 0.4, seconds=6)) == [None, 0.3, None, None, None, None]


def test_a_longer_sample_leads_up_from_the_one_before():
    assert cpu(sample(0, 0.1), sample(30, 0.4, seconds=30)) == [0.1, 0.2, 0.3, 0.4, None, None]


def test_the_first_long_sample_stands_for_its_whole_time():
    assert cpu(sample(35, 0.4, seconds=25)) == [0.4, 0.4, 0.4, 0.4, None, None]


@pytest.mark.parametrize("pause", [13, 30, 31, 64])
def test_looks_that_are_rarer_than_the_steps_leave_no_gaps(pause):
    """Their times drift over the grid: there are always steps in which none falls."""
    samples = [sample(number * pause + 5, 0.5, seconds=pause) for number in range(1, 10)]
    assert None not in cpu(*samples, points=(9 * pause + 5) // 10 + 1)[1:]


def test_short_samples_one_after_another_do_not_reach_over_a_gap():
    samples = [sample(30 + 3 * number, 0.5, seconds=3) for number in range(4)]
    assert cpu(*samples) == [None, None, None, 0.5, None, None]


def test_a_sample_does_not_reach_over_a_gap_or_over_what_is_known():
    assert cpu(sample(0, 0.1), sample(50, 0.4, seconds=20)) == [0.1, None, None, 0.4, 0.4, 0.4]
    assert cpu(sample(0, 0.1), sample(20, 0.3, seconds=300)) == [0.1, 0.2, 0.3, None, None, None]


def test_what_lies_outside_is_left_out():
    assert cpu(sample(-1, 0.1), sample(60, 0.2)) == [None] * 6


def test_what_is_not_known_is_nothing_and_figures_are_short():
    lines = Grid(start=0, step=10, points=1).lines([sample(0, 1 / 3, memory=2.7, received=1e6 / 3)])
    assert (lines.cpu, lines.memory, lines.received, lines.sent) == ([0.3333], [3], [333333], [None])


def test_what_waits_to_be_written_is_read_with_what_is(tmp_path):
    world = Measured(tmp_path)
    world.clock.now = NOON
    with world.forge.store.database.change() as change:
        world.forge.store.metrics.add(change, [sample(NOON - 20, 0.1)])
    world.sampler._waiting = [sample(NOON - 10, 0.2), Sample(subject="b", at=NOON, seconds=9, cpu=0.9)]
    found = read(world.sampler, ["a", "b", "c"], WINDOWS["30m"], grid(3, 10, NOON))
    assert {subject: lines.cpu for subject, lines in found.items()} == {
        "a": [0.1, 0.2, None], "b": [None, None, 0.9], "c": [None, None, None],
    }  # fmt: skip
    world.forge.close()


@pytest.mark.parametrize("window", WINDOWS)
def test_every_window_reads_the_detail_that_it_is_kept_in(tmp_path, window):
    tier = WINDOWS[window]
    world = Measured(tmp_path)
    with world.forge.store.database.change() as change:
        world.forge.store.metrics.add(change, [sample(NOON - number * tier.step, 0.5) for number in range(5)])
    lines = read(world.sampler, ["a"], tier, grid(tier.points, tier.step, NOON))["a"]
    assert lines.cpu == [None] * (tier.points - 5) + [0.5] * 5
    world.forge.close()
