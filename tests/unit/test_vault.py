"""Secrets at rest: what is sealed opens in its place only, and no crash loses a key."""

from __future__ import annotations

import base64
import os
import stat
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.secret import Secret
from forge.vault import (
    CHECK_PLACE,
    Vault,
    VaultError,
    generate_key,
    make_key_file,
    open_vault,
    parse_key,
    read_key_file,
    rotate,
    rotate_key_file,
    write_key_file,
)

KEY, OTHER = b"k" * 32, b"o" * 32
PLACE = "project/shop/environment/PASSWORD"
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no owner-only mode")
texts = st.text(st.characters(codec=None, exclude_categories=()))


@given(texts, st.text(min_size=1))
def test_any_text_comes_back_from_its_place(text, place):
    assert Vault([KEY]).open(place, Vault([KEY]).seal(place, Secret(text))).reveal() == text


@given(texts, st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_is_noticed(text, position, change):
    blob = bytearray(Vault([KEY]).seal(PLACE, Secret(text)))
    blob[position % len(blob)] ^= change
    with pytest.raises(VaultError):
        Vault([KEY]).open(PLACE, bytes(blob))


@given(st.binary(max_size=60))
def test_junk_is_refused_with_a_sentence(blob):
    with pytest.raises(VaultError, match=r"restore|another key|damaged"):
        Vault([KEY]).open(PLACE, blob)


@given(st.integers(0, 60))
def test_a_blob_that_was_cut_is_refused(length):
    blob = Vault([KEY]).seal(PLACE, Secret("x" * 28))
    assert len(blob) == 61
    with pytest.raises(VaultError):
        Vault([KEY]).open(PLACE, blob[:length])


def test_rows_cannot_be_swapped():
    blob = Vault([KEY]).seal(PLACE, Secret("hunter22"))
    with pytest.raises(VaultError, match=r"at registry/ghcr/password was damaged or moved"):
        Vault([KEY]).open("registry/ghcr/password", blob)


def test_a_key_that_passes_itself_off_as_another_opens_nothing():
    blob = bytearray(Vault([KEY]).seal(PLACE, Secret("hunter22")))
    blob[1:5] = Vault([OTHER]).current
    with pytest.raises(VaultError, match="damaged"):
        Vault([OTHER, KEY]).open(PLACE, bytes(blob))


def test_sealing_twice_gives_different_bytes():
    assert Vault([KEY]).seal(PLACE, Secret("same")) != Vault([KEY]).seal(PLACE, Secret("same"))


def test_the_format_on_disk_stays_readable():
    vault = Vault([KEY], randomness=lambda count: b"n" * count)
    kept = bytes.fromhex("0147e918576e6e6e6e6e6e6e6e6e6e6e6ef04e89c474c6b7eb9c9838ff03434d5e11b33dcd366675d4")
    assert vault.seal(PLACE, Secret("hunter22")) == kept
    assert vault.open(PLACE, kept).reveal() == "hunter22"


def test_the_wrong_key_is_told_at_start():
    blob = Vault([KEY]).seal(CHECK_PLACE, Secret("forge"))
    Vault([KEY]).check(blob)
    Vault([OTHER, KEY]).check(blob)
    with pytest.raises(VaultError, match=r"The key does not fit this data folder: .*nothing was changed\."):
        Vault([OTHER]).check(blob)


def test_no_error_and_no_text_form_shows_a_secret_or_a_key():
    vault = Vault([KEY])
    blob = vault.seal(PLACE, Secret("hunter22"))
    shown = repr(vault)
    for attempt in (
        lambda: Vault([OTHER]).open(PLACE, blob),
        lambda: vault.open("elsewhere", blob),
        lambda: vault.open(PLACE, blob[:-1]),
        lambda: Vault([OTHER]).check(blob),
        lambda: Vault([b"too-short-hunter22"]),
        lambda: parse_key("hunter22" * 9),
    ):
        with pytest.raises(VaultError) as caught:
            attempt()
        shown += "".join(traceback.format_exception(caught.value))
    assert "hunter22" not in shown.replace('parse_key("hunter22" * 9)', "").replace("too-short-hunter22", "")
    assert "kkkk" not in shown


@pytest.mark.parametrize("count", [0, 31, 33])
def test_a_key_of_another_length_is_refused(count):
    with pytest.raises(VaultError, match="32 bytes"):
        Vault([b"k" * count] if count else [])


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_from_base64_and_hex(key):
    plain = base64.b64encode(key).decode()
    for text in (
        plain,
        f" {plain}\n",
        plain.rstrip("="),
        base64.urlsafe_b64encode(key).decode(),
        key.hex(),
        key.hex().upper(),
    ):
        assert parse_key(text) == key


@given(st.text())
def test_what_is_no_key_gets_a_sentence_that_says_how_to_make_one(text):
    with pytest.raises(VaultError, match=r"FORGE_ENCRYPTION_KEY is no key.*forge vault key"):
        parse_key(text[:40])


def test_made_keys_are_good_and_new():
    assert len(parse_key(generate_key())) == 32
    assert generate_key() != generate_key()


def test_rotation_seals_all_rows_anew_and_changes_no_secret():
    old, new = Vault([KEY]), Vault([OTHER])
    rows = [(f"place/{i}", old.seal(f"place/{i}", Secret(f"secret {i}"))) for i in range(5)]
    fresh = rotate(old, new, rows)
    assert [(place, new.open(place, blob).reveal()) for place, blob in fresh] == [
        (f"place/{i}", f"secret {i}") for i in range(5)
    ]
    assert all(new.is_current(blob) and not old.is_current(blob) for _, blob in fresh)


def test_rotation_stops_at_a_row_that_does_not_open():
    rows = [("a", Vault([KEY]).seal("a", Secret("x"))), ("b", b"junk")]
    with pytest.raises(VaultError, match="kept at b"):
        rotate(Vault([KEY]), Vault([OTHER]), rows)


# ---- the key file


@posix
def test_the_key_file_is_made_once_for_its_owner_only(tmp_path):
    file = tmp_path / "vault.key"
    make_key_file(file)
    keys = read_key_file(file)
    make_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_key_file(file) == keys
    assert len(keys) == 1


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o610])
def test_a_key_file_open_to_others_is_refused(tmp_path, mode):
    file = tmp_path / "vault.key"
    make_key_file(file)
    file.chmod(mode)
    with pytest.raises(VaultError, match=f"mode {mode:04o}.*chmod 600"):
        read_key_file(file)


def test_an_empty_key_file_is_not_written_over(tmp_path):
    file = tmp_path / "vault.key"
    file.touch(mode=0o600)
    with pytest.raises(VaultError, match="is empty: put it back from a backup"):
        open_vault(file, key=None, first_start=True)
    assert file.read_bytes() == b""


def test_a_damaged_key_file_is_named_but_not_shown(tmp_path):
    file = tmp_path / "vault.key"
    file.touch(mode=0o600)
    file.write_bytes(b"\xff\xfehunter22\n")
    with pytest.raises(VaultError, match=r"vault\.key is no key") as caught:
        read_key_file(file)
    assert "hunter22" not in str(caught.value)


def test_a_missing_key_file_is_made_at_the_first_start_only(tmp_path):
    file = tmp_path / "vault.key"
    with pytest.raises(VaultError, match="is missing: put it back from a backup"):
        open_vault(file, key=None, first_start=False)
    assert not file.exists()
    blob = open_vault(file, key=None, first_start=True).seal(PLACE, Secret("hunter22"))
    assert open_vault(file, key=None, first_start=False).open(PLACE, blob).reveal() == "hunter22"


def test_a_key_file_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(VaultError, match=r"cannot be made: No such file"):
        make_key_file(tmp_path / "missing" / "vault.key")
    with pytest.raises(VaultError, match=r"cannot be written: No such file"):
        write_key_file(tmp_path / "missing" / "vault.key", [KEY])
    with pytest.raises(VaultError, match=r"cannot be read: Is a directory"):
        read_key_file(tmp_path)


def test_a_full_disk_leaves_no_half_key_file(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(VaultError, match="No space left on device"):
        make_key_file(tmp_path / "vault.key")
    assert list(tmp_path.iterdir()) == []


def test_a_key_from_the_environment_needs_no_file_and_comes_first(tmp_path):
    key, old = (Secret(base64.b64encode(k).decode()) for k in (KEY, OTHER))
    before = Vault([OTHER]).seal(PLACE, Secret("hunter22"))
    vault = open_vault(tmp_path / "vault.key", key=key, old=old, first_start=True)
    assert vault.open(PLACE, before).reveal() == "hunter22"
    assert Vault([KEY]).open(PLACE, vault.seal(PLACE, Secret("x"))).reveal() == "x"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(VaultError, match="FORGE_ENCRYPTION_KEY_OLD is no key"):
        open_vault(tmp_path / "vault.key", key=key, old=Secret("junk"), first_start=True)


@posix
def test_a_written_key_file_keeps_its_mode_and_leaves_nothing_beside_it(tmp_path):
    file = tmp_path / "vault.key"
    (tmp_path / "vault.key.new").write_text("left by a crash")
    write_key_file(file, [KEY, OTHER])
    assert read_key_file(file) == [KEY, OTHER]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


class Crash(BaseException):
    """The process ends here."""


def _store(file):
    make_key_file(file)
    return {place: Vault(read_key_file(file)).seal(place, Secret(place)) for place in ("a", "b")}


def _reseal(rows, vault):
    rows.update(rotate(vault, vault, list(rows.items())))
    return list(rows.values())


def test_a_new_key_replaces_the_old_one_everywhere(tmp_path):
    file = tmp_path / "vault.key"
    rows = _store(file)
    before = read_key_file(file)
    vault = rotate_key_file(file, lambda vault: _reseal(rows, vault))
    assert len(read_key_file(file)) == 1
    assert read_key_file(file) != before
    for place, blob in rows.items():
        assert vault.open(place, blob).reveal() == place
        assert open_vault(file, key=None, first_start=False).open(place, blob).reveal() == place
        with pytest.raises(VaultError, match="another key"):
            Vault(before).open(place, blob)


@pytest.mark.parametrize("moment", range(1, 9))
def test_a_crash_at_any_point_of_a_rotation_leaves_a_readable_vault(tmp_path, monkeypatch, moment):
    """Moments: each fsync and rename of both key file writes, and before and after the transaction."""
    file = tmp_path / "vault.key"
    rows = _store(file)
    passed = 0

    def tick():
        nonlocal passed
        passed += 1
        if passed == moment:
            raise Crash

    def reseal(vault):
        tick()
        left = _reseal(rows, vault)
        tick()
        return left

    fsync, replace = os.fsync, os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda descriptor: (tick(), fsync(descriptor)))
        patched.setattr(os, "replace", lambda a, b: (replace(a, b), tick()))
        with pytest.raises(Crash):
            rotate_key_file(file, reseal)
    vault = open_vault(file, key=None, first_start=False)
    assert {place: vault.open(place, blob).reveal() for place, blob in rows.items()} == {"a": "a", "b": "b"}
    rotate_key_file(file, lambda vault: _reseal(rows, vault))
    assert len(read_key_file(file)) == 1
    assert {p: Vault(read_key_file(file)).open(p, blob).reveal() for p, blob in rows.items()} == {"a": "a", "b": "b"}


def test_a_row_written_meanwhile_with_the_old_key_keeps_the_old_key(tmp_path):
    file = tmp_path / "vault.key"
    rows = _store(file)
    stale = Vault(read_key_file(file)).seal("c", Secret("c"))
    with pytest.raises(VaultError, match=r"run `forge vault rotate` again\. Nothing is lost"):
        rotate_key_file(file, lambda vault: [*_reseal(rows, vault), stale])
    assert Vault(read_key_file(file)).open("c", stale).reveal() == "c"
