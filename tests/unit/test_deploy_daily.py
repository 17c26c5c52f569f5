"""The daily backup: when it is due, whatever the clock does."""

from __future__ import annotations

import contextlib
import itertools
from datetime import datetime

import pytest

from forge.deploy.backups import BackupService
from forge.deploy.daily import Daily, next_due
from forge.domain.errors import Unavailable
from forge.store import backup
from tests.unit.storing import NOON, Clock, open_store
from tests.world import until

HOUR, DAY = 3600.0, 86400.0


class House:
    """`wait` lets both clocks go on, `jump` only the machine's."""

    def __init__(self, folder):
        self.wall, self.mono = Clock(), Clock(0.0)
        self.store = open_store(folder, clock=self.wall)
        self.set(_home="ab12cd34")
        self.service = BackupService(self.store, folder)
        self.restart()

    def restart(self):
        self.daily = Daily(self.service, self.wall, self.mono)

    def set(self, **values):
        with self.store.database.change() as change:
            for name, value in values.items():
                self.store.preferences.keep(change, name, value)

    def wait(self, seconds, step=600.0):
        """How many were made meanwhile."""
        made = 0
        for _ in range(int(seconds // step)):
            self.wall.now += step
            self.mono.now += step
            made += self.daily.look()
        return made

    def jump(self, seconds):
        self.wall.now += seconds

    def kept(self):
        return len(self.service.all())


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.store.database.close()


def test_the_next_one_is_due_at_the_hour_by_the_machines_own_clock():
    at = datetime(2026, 3, 5, 14, 30).timestamp()  # noqa: DTZ001
    assert datetime.fromtimestamp(next_due(at, 3)) == datetime(2026, 3, 6, 3)  # noqa: DTZ001, DTZ006
    assert datetime.fromtimestamp(next_due(at, 15)) == datetime(2026, 3, 5, 15)  # noqa: DTZ001, DTZ006
    exactly = datetime(2026, 3, 6, 3).timestamp()  # noqa: DTZ001
    assert next_due(exactly, 3) - exactly in {23 * HOUR, 24 * HOUR, 25 * HOUR}


def test_the_first_comes_with_the_hour_and_then_one_a_day(house):
    assert not house.daily.look()
    assert house.wait(DAY) == 1
    assert house.wait(5 * DAY) == 5
    assert house.kept() == 6


def test_who_wants_none_gets_none(house):
    house.set(backup_daily=False)
    assert house.wait(3 * DAY) == 0


def test_a_machine_that_slept_over_the_hour_makes_it_when_it_is_back(house):
    house.daily.look()
    house.jump(20 * HOUR)
    house.restart()
    assert house.daily.look()
    assert not house.daily.look()


def test_a_restart_makes_none_more(house):
    house.daily.look()
    house.wait(DAY)
    house.restart()
    assert house.wait(HOUR) == 0


@pytest.mark.parametrize("hours", [-10 * 365 * 24, -72, -5, 5, 72, 10 * 365 * 24])
def test_a_clock_that_jumps_makes_one_more_at_most_and_then_it_is_one_a_day_again(house, hours):
    house.daily.look()
    house.wait(3 * DAY)
    before = house.kept()
    house.jump(hours * HOUR)
    assert house.wait(HOUR) <= 1
    assert house.kept() - before <= 1
    assert 2 <= house.wait(3 * DAY) <= 4


def test_a_clock_that_jumps_to_and_fro_all_the_time_floods_nobody(house):
    house.set(backup_days=100)
    house.daily.look()
    made = 0
    for _ in range(100):
        house.jump(30 * HOUR)
        made += house.wait(60, step=60)
        house.jump(-30 * HOUR)
        made += house.wait(60, step=60)
    assert made <= 5  # in 200 minutes: one an hour at most


def test_one_that_fails_is_tried_again_after_an_hour_and_not_before(house, monkeypatch):
    house.daily.look()
    tries = []

    def refuse(*_):
        tries.append(house.mono.now)
        raise Unavailable("There is no room")

    monkeypatch.setattr(backup, "take", refuse)
    for _ in range(24 * 6):
        house.wall.now += 600
        house.mono.now += 600
        with contextlib.suppress(Unavailable):
            house.daily.look()
    assert 2 <= len(tries) <= 24
    assert all(later - earlier >= HOUR for earlier, later in itertools.pairwise(tries))


def test_the_thread_looks_by_itself_and_ends_when_it_is_told(house):
    house.set(_backup={"last": NOON - 3 * DAY, "fault": None})
    house.daily.start()
    until(lambda: house.kept() == 1, "it is made")
    house.daily.close()
    assert not house.daily._thread.is_alive()
