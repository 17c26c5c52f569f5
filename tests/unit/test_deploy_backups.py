"""Backups that somebody takes, and those that Forge keeps."""

from __future__ import annotations

import pytest

from forge.deploy.backups import BackupService, State
from forge.domain.errors import Invalid, NotFound, Unavailable
from forge.domain.secret import Secret
from forge.notify.notices import notice_of
from forge.store import archive, backup, shelf
from forge.store.shelf import Kind
from tests.unit.storing import NOON, open_store

WORDS = Secret("correct horse battery")


@pytest.fixture
def heard():
    return []


@pytest.fixture
def service(tmp_path, heard):
    store = open_store(tmp_path, heard)
    with store.database.change() as change:
        store.preferences.keep(change, "_home", "ab12cd34")
    yield BackupService(store, tmp_path)
    store.database.close()


def told(heard):
    return [(event.payload["change"], event.payload["kind"]) for event in heard if event.type == "backup"]


def full(monkeypatch, text="There is no room"):
    def refuse(*_):
        raise Unavailable(text)

    monkeypatch.setattr(backup, "take", refuse)


def test_one_to_take_away_leaves_nothing_behind(service, tmp_path):
    with service.take(WORDS) as taken:
        assert archive.read_header(taken.path).keys is not None
    assert service.all() == []
    assert not list(tmp_path.glob(".backup-*"))


def test_one_that_is_kept_is_told_with_who_wanted_it(service, heard):
    kept = service.keep(Kind.HAND, actor="ada")
    assert service.all() == [kept]
    assert told(heard) == [("made", "hand")]
    assert heard[-1].actor == "ada"
    assert service.state() == State()


def test_with_a_passphrase_set_the_key_is_in_them_and_without_it_is_not(service):
    assert not service.has_passphrase()
    service.set_passphrase(WORDS, actor="ada")
    kept = service.keep(Kind.DAILY, actor="forge")
    assert (service.has_passphrase(), kept.keyed) == (True, True)
    opened = archive.unseal(service.find(kept.name), passphrase=WORDS, own=None)
    assert opened.vault.keys == service.store.secrets.vault.keys
    service.set_passphrase(None, actor="ada")
    assert not service.keep(Kind.DAILY, actor="forge").keyed


def test_a_passphrase_that_is_too_short_is_refused_and_the_old_one_stays(service):
    service.set_passphrase(WORDS, actor="ada")
    with pytest.raises(Invalid):
        service.set_passphrase(Secret("short"), actor="ada")
    assert service.has_passphrase()


def test_a_daily_one_thins_the_older_as_the_settings_say(service, tmp_path):
    with service.store.database.change() as change:
        service.store.preferences.keep(change, "backup_days", 2)
        service.store.preferences.keep(change, "backup_weeks", 0)
    for _ in range(4):
        service.keep(Kind.DAILY, actor="forge")
    assert len(service.all()) == 2
    service.keep(Kind.HAND, actor="ada")
    assert len(service.all()) == 3


def test_a_failure_is_told_once_and_so_is_its_end(service, heard, monkeypatch):
    with monkeypatch.context() as broken:
        full(broken)
        for _ in range(3):
            with pytest.raises(Unavailable):
                service.keep(Kind.DAILY, actor="forge")
        assert service.state().fault == "There is no room"
        assert told(heard) == [("failed", "daily")]
    service.keep(Kind.DAILY, actor="forge")
    assert told(heard) == [("failed", "daily"), ("made", "daily")]
    assert service.state() == State(last=NOON)
    trouble, end = [notice_of(event) for event in heard if event.type == "backup"]
    assert (trouble.recovery, end.recovery) == (False, True)
    assert trouble.text == "There is no room."


def test_a_failure_deletes_nothing(service, monkeypatch):
    kept = [service.keep(Kind.DAILY, actor="forge") for _ in range(3)]
    with service.store.database.change() as change:
        service.store.preferences.keep(change, "backup_days", 1)
    full(monkeypatch)
    with pytest.raises(Unavailable):
        service.keep(Kind.DAILY, actor="forge")
    assert {one.name for one in service.all()} == {one.name for one in kept}


def test_deleting_is_told(service, heard):
    kept = service.keep(Kind.HAND, actor="ada")
    service.delete(kept.name, actor="bob")
    assert service.all() == []
    assert told(heard)[-1] == ("deleted", "hand")
    with pytest.raises(NotFound):
        service.delete(kept.name, actor="bob")


def test_what_cannot_be_moved_to_the_shelf_is_not_left_beside_the_database(service, tmp_path):
    shelf.folder_of(tmp_path).write_text("in the way")
    with pytest.raises(Unavailable):
        service.keep(Kind.HAND, actor="ada")
    assert not list(tmp_path.glob(".backup-*"))


def test_one_that_did_not_reach_the_disk_whole_is_not_kept_and_deletes_none(service, monkeypatch, tmp_path):
    kept = service.keep(Kind.DAILY, actor="forge")
    with service.store.database.change() as change:
        service.store.preferences.keep(change, "backup_days", 1)
        service.store.preferences.keep(change, "backup_weeks", 0)
    whole = backup.take

    def cut(*given):
        path = whole(*given)
        path.write_bytes(path.read_bytes()[:-10])
        return path

    monkeypatch.setattr(backup, "take", cut)
    with pytest.raises(archive.Damaged):
        service.keep(Kind.DAILY, actor="forge")
    assert [one.name for one in service.all()] == [kept.name]
    assert "is damaged" in service.state().fault
    assert not list(tmp_path.glob(".backup-*"))
