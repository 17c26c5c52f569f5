"""What was used over time: in each detail, thinned with age, bounded."""

import pytest

from forge.domain.metrics import WINDOWS, Sample
from tests.unit.storing import NOON, Clock, open_store

DAY = 86400.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    made = open_store(tmp_path, clock=clock)
    yield made
    made.database.close()


def sample(at, **more):
    return Sample(**{"subject": "a1b2c3", "at": at, "seconds": 3, "cpu": 0.5, "memory": 100, "received": 10, **more})


def add(store, *samples):
    with store.database.change() as change:
        store.metrics.add(change, samples)


def of(store, window, subject="a1b2c3", since=0.0):
    return store.metrics.of(subject, WINDOWS[window], since)


def test_a_sample_is_in_every_detail(store):
    add(store, sample(NOON + 7))
    for window, tier in WINDOWS.items():
        assert of(store, window) == [sample(int(NOON + 7) // tier.step * tier.step)], window


def test_samples_of_one_step_become_one_row(store):
    add(store, sample(NOON + 2, cpu=0.2, memory=90, received=None), sample(NOON + 8, seconds=6, cpu=0.8, memory=70))
    (row,) = of(store, "30m")
    assert (row.at, row.seconds, row.cpu, row.memory, row.received) == (NOON, 9, pytest.approx(0.6), 90, None)


def test_a_step_goes_on_after_a_restart(store):
    add(store, sample(NOON))
    add(store, sample(NOON + 3, cpu=0.1))
    assert [row.cpu for row in of(store, "30m")] == [pytest.approx(0.3)]


def test_each_subject_has_its_own_and_old_ones_are_left_out(store):
    add(store, sample(NOON), sample(NOON + 60), sample(NOON, subject="", cpu=0.9))
    assert [row.at for row in of(store, "30m", since=NOON + 1)] == [NOON + 60]
    assert [row.cpu for row in of(store, "30m", subject="")] == [0.9]
    assert of(store, "30m", subject="zzzzzz") == []


def test_what_is_past_keeping_goes_and_coarser_detail_stays_longer(store, clock):
    add(store, *(sample(NOON + 30 * number) for number in range(10)))
    left = []
    for later in (0, 3600, 10_000, 2 * DAY, 8 * DAY):
        clock.now = NOON + 300 + later
        with store.database.change() as change:
            store.metrics.thin(change)
        left.append([len(of(store, window)) for window in WINDOWS])
    assert left == [[10, 10, 1, 1], [0, 10, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_it_does_not_grow_beyond_its_bounds(store, clock):
    """An instance that is measured all week takes as many rows as its windows have points, and few bytes for each."""
    add(store, *(sample(NOON - 60.0 * number, memory=5e7 + number) for number in range(7 * 1440)))
    with store.database.change() as change:
        store.metrics.thin(change)
    (rows,) = store.database.row("SELECT count(*) FROM metric")
    assert rows <= sum(tier.points + 2 for tier in WINDOWS.values())
    store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.database.rows("VACUUM")
    store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    # 50 projects of 3 stages: 150 times this, about 10 MB
    assert store.database.path.stat().st_size < 400_000


def test_nothing_of_it_is_told_as_an_event(store):
    add(store, sample(NOON))
    assert store.events.bounds() == (1, 0)
