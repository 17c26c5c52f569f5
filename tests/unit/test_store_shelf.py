"""The backups that Forge keeps: named, listed, thinned by how many there are and not by what the clock says."""

from __future__ import annotations

import os

import pytest

from forge.domain.errors import NotFound, Unavailable
from forge.store import backup, shelf
from forge.store.shelf import Kind
from tests.unit.storing import NOON, open_store

DAY = 86400.0


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path)
    yield made
    made.database.close()


def put(store, kind=Kind.DAILY, now=NOON):
    store.database.clock.now = now
    taken = backup.take(store.database, store.secrets, "ab12cd34")
    return shelf.put(store.database.path.parent, taken, kind, now)


def numbers(data):
    return sorted(int(one.name.split("-")[1]) for one in shelf.all_of(data) if one.kind is Kind.DAILY)


def test_what_is_put_there_is_listed_the_newest_first(store, tmp_path):
    first, second = put(store), put(store, Kind.HAND, NOON + 60)
    assert shelf.all_of(tmp_path) == [second, first]
    assert (first.name[:11], second.name[:10]) == ("daily-0001-", "hand-0002-")
    assert (first.at, first.keyed, first.fault) == (NOON, False, None)
    assert first.bytes == shelf.find(tmp_path, first.name).stat().st_size
    if os.name == "posix":
        assert shelf.folder_of(tmp_path).stat().st_mode & 0o077 == 0
        assert shelf.find(tmp_path, first.name).stat().st_mode & 0o077 == 0


def test_without_a_folder_there_are_none(tmp_path):
    assert shelf.all_of(tmp_path) == []
    assert shelf.last_good(tmp_path) is None


def test_of_sixty_days_the_last_seven_and_four_weekly_ones_are_left(store, tmp_path):
    for day in range(60):
        put(store, now=NOON + day * DAY)
        shelf.thin(tmp_path, 7, 4)
    assert numbers(tmp_path) == [28, 35, 42, 49, *range(54, 61)]


@pytest.mark.parametrize("jump", [-20 * 365 * DAY, 20 * 365 * DAY])
def test_a_clock_that_jumps_deletes_nothing_that_would_have_stayed(store, tmp_path, jump):
    for day in range(7):
        put(store, now=NOON + day * DAY)
    put(store, now=NOON + jump)
    shelf.thin(tmp_path, 7, 4)
    assert numbers(tmp_path) == list(range(2, 9))


@pytest.mark.parametrize("jump", [-20 * 365 * DAY, 20 * 365 * DAY])
def test_after_a_clock_that_jumped_the_way_back_is_still_the_one_that_was_made_last(store, tmp_path, jump):
    put(store, now=NOON)
    put(store, now=NOON + jump)
    last = put(store, now=NOON + DAY)
    assert shelf.last_good(tmp_path).name == last.name


def test_the_newest_stays_whatever_is_asked_for(store, tmp_path):
    for _ in range(3):
        put(store)
    shelf.thin(tmp_path, 0, 0)
    assert numbers(tmp_path) == [3]


def test_only_daily_ones_are_thinned(store, tmp_path):
    put(store, Kind.HAND)
    others = ["schema-0003-2026-01-01-120000.db", "before-restore-2026-01-01-120000.db", "notes.txt", "daily-x.backup"]
    for name in others:
        (shelf.folder_of(tmp_path) / name).write_text("precious")
    for _ in range(3):
        put(store)
    shelf.thin(tmp_path, 1, 0)
    assert all((shelf.folder_of(tmp_path) / name).exists() for name in others)
    assert [one.kind for one in shelf.all_of(tmp_path)].count(Kind.HAND) == 1


@pytest.mark.parametrize(
    "name",
    [
        "../forge.db",
        "forge.db",
        "",
        ".",
        "daily-0001-2026-01-01.backup",
        "schema-0001-../../x.db",
        "notes.txt",
        "/etc/passwd",
    ],
)
def test_a_name_leads_to_nothing_but_a_backup(store, tmp_path, name):
    put(store, Kind.HAND)
    (shelf.folder_of(tmp_path) / "notes.txt").touch()
    with pytest.raises(NotFound):
        shelf.find(tmp_path, name)
    with pytest.raises(NotFound):
        shelf.delete(tmp_path, name)


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_link_is_no_backup(tmp_path):
    shelf.folder_of(tmp_path).mkdir()
    (tmp_path / "secret").touch()
    (shelf.folder_of(tmp_path) / "hand-0001-2026-01-01.backup").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        shelf.find(tmp_path, "hand-0001-2026-01-01.backup")


def test_one_that_was_deleted_is_gone_and_its_number_is_not_missed(store, tmp_path):
    first, second = put(store), put(store)
    shelf.delete(tmp_path, first.name)
    assert shelf.all_of(tmp_path) == [second]
    assert put(store).name.startswith("daily-0003-")


def test_a_damaged_one_is_listed_with_what_is_wrong_and_is_no_way_back(store, tmp_path):
    good = put(store)
    bad = put(store, now=NOON + DAY)
    (shelf.folder_of(tmp_path) / bad.name).write_bytes(b"half")
    assert "no backup of Forge" in {one.name: one for one in shelf.all_of(tmp_path)}[bad.name].fault
    assert shelf.last_good(tmp_path).name == good.name


def test_a_folder_that_takes_none_is_said(store, tmp_path):
    taken = backup.take(store.database, store.secrets, "ab12cd34")
    shelf.folder_of(tmp_path).write_text("a file is in the way")
    with pytest.raises(Unavailable, match="cannot be kept"):
        shelf.put(tmp_path, taken, Kind.DAILY, NOON)
