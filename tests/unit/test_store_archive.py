"""A backup as one file: what is written is read again, and a changed byte is told."""

from __future__ import annotations

import io
import struct
import zlib

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge.domain.errors import ForgeError, Invalid
from forge.domain.secret import Secret
from forge.store import archive
from forge.store.archive import About, Damaged
from forge.vault import Vault, VaultError

ABOUT = About(forge="0.1.0", made=1_767_265_200.0, home="ab12cd34", schema=4)
OURS, OTHER = Vault([b"k" * 32]), Vault([b"x" * 32])
WORDS = Secret("correct horse battery")
DATA = b"SQLite format 3\0" + bytes(range(256)) * 600


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "copy.db"
    path.write_bytes(DATA)
    return path


def made(folder, database, passphrase=None, vault=OURS):
    path = folder / "made.backup"
    with path.open("wb") as target:
        archive.write(target, database, ABOUT, vault, passphrase)
    return path


def read(path, **more):
    target = io.BytesIO()
    archive.unpack(archive.unseal(path, **{"passphrase": None, "own": OURS, **more}), target)
    return target.getvalue()


def test_what_was_written_is_read_again(tmp_path, database):
    path = made(tmp_path, database)
    header = archive.read_header(path)
    assert (header.made, header.home, header.schema, header.keys) == (ABOUT.made, "ab12cd34", 4, None)
    assert read(path) == DATA
    assert path.stat().st_size < len(DATA) / 4


def test_with_a_passphrase_the_key_is_in_it(tmp_path, database):
    path = made(tmp_path, database, WORDS)
    opened = archive.unseal(path, passphrase=WORDS, own=None)
    assert opened.vault.keys == OURS.keys
    assert read(path, passphrase=WORDS, own=None) == DATA
    assert read(path, own=OURS) == DATA  # the folder that it is from needs no passphrase


def test_neither_key_nor_passphrase_stands_in_it(tmp_path, database):
    raw = made(tmp_path, database, WORDS).read_bytes()
    assert WORDS.reveal().encode() not in raw
    assert OURS.keys[0] not in raw


def test_without_the_key_it_says_what_is_needed(tmp_path, database):
    with pytest.raises(VaultError, match="The key is not in this backup"):
        read(made(tmp_path, database), own=None)
    with pytest.raises(Invalid, match="say the passphrase"):
        read(made(tmp_path, database, WORDS), own=None)
    with pytest.raises(VaultError, match="of another key"):
        read(made(tmp_path, database), own=OTHER)
    with pytest.raises(VaultError, match="say its passphrase"):
        read(made(tmp_path, database, WORDS), own=OTHER)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), keyed=st.booleans())
def test_a_changed_bit_is_told_or_changes_nothing_of_what_comes_out(tmp_path, database, place, bit, keyed):
    path = made(tmp_path, database, WORDS if keyed else None)
    raw = bytearray(path.read_bytes())
    raw[int(place * len(raw))] ^= 1 << bit
    path.write_bytes(raw)
    try:
        found = read(path, passphrase=WORDS if keyed else None, own=None if keyed else OURS)
    except ForgeError:
        return
    assert found == DATA  # zlib has more than one way to say the same


@pytest.mark.parametrize("place", [0, 8, 20, 60, 120, 400, -5])
def test_a_changed_byte_of_what_it_says_and_of_its_checksum_is_told(tmp_path, database, place):
    path = made(tmp_path, database, WORDS)
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ForgeError):
        read(path, passphrase=WORDS, own=None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=400), start=st.booleans())
def test_whatever_it_is_given_it_says_a_sentence(tmp_path, raw, start):
    path = tmp_path / "given.backup"
    path.write_bytes((archive.MAGIC if start else b"") + raw)
    with pytest.raises(ForgeError):
        read(path)


def test_one_that_is_cut_off_or_has_more_is_told(tmp_path, database):
    path = made(tmp_path, database)
    raw = path.read_bytes()
    for other in (raw[:-1], raw[: len(raw) // 2], raw[:20], raw + b"x", b""):
        path.write_bytes(other)
        with pytest.raises(Damaged):
            read(path)


def test_one_of_a_newer_forge_is_told_as_that(tmp_path):
    path = tmp_path / "newer.backup"
    path.write_bytes(b"FORGE-BACKUP 2\n" + b"x" * 100)
    with pytest.raises(Damaged, match="newer Forge"):
        archive.read_header(path)


def with_header(folder, raw, database, **changes):
    """The same file with another header, sealed by whoever has the key."""
    size = struct.unpack(">I", raw[len(archive.MAGIC) :][:4])[0]
    header = msgspec.json.decode(raw[len(archive.MAGIC) + 4 :][:size]) | changes
    head = msgspec.json.encode(header)
    seal = OURS.seal("backup", Secret(archive._digest(head)))
    path = folder / "bomb.backup"
    parts = [struct.pack(">I", len(head)), head, struct.pack(">I", len(seal)), seal]
    path.write_bytes(archive.MAGIC + b"".join(parts) + database)
    return path


def test_what_unpacks_to_more_than_it_says_is_stopped_early(tmp_path, database):
    bomb = zlib.compress(b"\0" * (200 << 20), 9)
    path = with_header(tmp_path, made(tmp_path, database).read_bytes(), bomb)
    target = io.BytesIO()
    with pytest.raises(Damaged):
        archive.unpack(archive.unseal(path, passphrase=None, own=OURS), target)
    assert len(target.getvalue()) <= len(DATA)


@pytest.mark.parametrize("length", [0, 1 << 15, 0xFFFFFFFF])
def test_a_header_that_says_it_is_huge_is_not_read(tmp_path, length):
    path = tmp_path / "huge.backup"
    path.write_bytes(archive.MAGIC + struct.pack(">I", length) + b"{}" * (1 << 15))
    with pytest.raises(Damaged):
        archive.read_header(path)


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(Invalid, match="There is no file"):
        archive.read_header(tmp_path / "nowhere")
    with pytest.raises(Invalid, match="There is no file"):
        archive.is_database(tmp_path)


def test_a_bare_database_is_told_from_a_backup(tmp_path, database):
    assert archive.is_database(database)
    assert not archive.is_database(made(tmp_path, database))
    with pytest.raises(Damaged, match="no backup of Forge"):
        archive.read_header(database)
