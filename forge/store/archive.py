"""A backup as one file: what it is, the key if a passphrase wraps it, and the database; no name in it is a path.

    FORGE-BACKUP 1, newline · length of the header · header (JSON) · length of the seal · seal · database (zlib)

The header has the database's SHA-256; the seal, made by the vault, has the header's. So whoever has the key, or the
passphrase of it, knows that not a byte of the database is another.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec

from forge import typed
from forge.domain.errors import Invalid
from forge.domain.secret import Secret
from forge.store.wrapping import Wrapped, unwrap, wrap
from forge.vault import Vault, VaultError

MAGIC = b"FORGE-BACKUP 1\n"
SUFFIX = ".backup"
_ANY = b"FORGE-BACKUP "
_SQLITE = b"SQLite format 3\0"
_LARGEST_HEADER = 16 << 10
_LARGEST_SEAL = 1 << 10
_LARGEST_DATABASE = 64 << 30
_PIECE = 1 << 20
_PACKED_PIECE = 64 << 10  # a thousandfold of it, which is zlib's most, still fits into memory
_PLACE = "backup"  # of the seal: it opens as nothing else
_LENGTH = struct.Struct(">I")


class Header(msgspec.Struct, kw_only=True):
    """What is in the file. `made` in unix seconds; `home` is the mark of the data folder it is of; `schema` and
    `bytes` are the database's; `keys` None: the key is not in it, and is needed to restore. A later Forge may say more.
    """

    forge: Annotated[str, msgspec.Meta(max_length=80)]
    made: float
    home: Annotated[str, msgspec.Meta(max_length=80)]
    schema: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    bytes: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST_DATABASE)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    keys: Wrapped | None = None


class Damaged(Invalid):
    """The file is no backup, is cut off, or was changed."""

    code = "damaged_backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Of what a backup is made: who made it, when (unix seconds), of which data folder, in which schema."""

    forge: str
    made: float
    home: str
    schema: int


def write(target: BinaryIO, database: Path, about: About, vault: Vault, passphrase: Secret | None) -> None:
    """Write the backup of a database file that nobody writes to; `passphrase` wraps the key in. Raise Invalid."""
    header = Header(
        forge=about.forge, made=about.made, home=about.home, schema=about.schema,
        bytes=database.stat().st_size, sha256=sha256_of(database),
        keys=wrap(vault.keys, passphrase) if passphrase else None,
    )  # fmt: skip
    head = msgspec.json.encode(header)
    seal = vault.seal(_PLACE, Secret(_digest(head)))
    target.write(MAGIC + _LENGTH.pack(len(head)) + head + _LENGTH.pack(len(seal)) + seal)
    packer = zlib.compressobj(1)
    with database.open("rb") as source:
        while piece := source.read(_PIECE):
            target.write(packer.compress(piece))
    target.write(packer.flush())


def is_database(path: Path) -> bool:
    """Whether it is a plain SQLite file, as an upgrade keeps one. Raise Invalid if it cannot be read."""
    with _opened(path) as file:
        return file.read(len(_SQLITE)) == _SQLITE


def read_header(path: Path) -> Header:
    """What a backup says of itself; nothing is proven yet. Raise Damaged, or Invalid if it cannot be read."""
    with _opened(path) as file:
        return _head(file)[0]


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup whose seal is right: `vault` opens the secrets of its database."""

    path: Path
    header: Header
    vault: Vault


def unseal(path: Path, *, passphrase: Secret | None, own: Vault | None) -> Opened:
    """Prove that the backup is as it was made: by the key in it, or by `own` (of this data folder).

    Raise Damaged, VaultError, or Invalid where a passphrase is wanted.
    """
    with _opened(path) as file:
        header, head, seal = _head(file)
    if header.keys is not None and passphrase is not None:
        vault = Vault(unwrap(header.keys, passphrase))
    elif own is not None:
        vault = own
    elif header.keys is not None:
        raise Invalid("The key is in this backup: say the passphrase", fields={"passphrase": "missing"})
    else:
        raise VaultError(
            "The key is not in this backup: put the vault.key that belongs to it into the data folder, or set "
            "FORGE_ENCRYPTION_KEY. Nothing was done."
        )
    _prove(vault, seal, head, wrapped=header.keys is not None)
    return Opened(path, header, vault)


def _prove(vault: Vault, seal: bytes, head: bytes, *, wrapped: bool) -> None:
    try:
        said = vault.open(_PLACE, seal).reveal()
    except VaultError:
        way = "say its passphrase (--passphrase-file), or bring" if wrapped else "bring"
        raise VaultError(
            f"The backup is of another key than the one that is here, or was changed: {way} the key that belongs to "
            "it. Nothing was done."
        ) from None
    if said != _digest(head):
        raise Damaged("The backup was changed since it was made: take another one. Nothing was done.")


def unpack(opened: Opened, target: BinaryIO) -> None:
    """Write the database; raise Damaged if the file is cut off, was changed, or has more in it than it says."""
    header, digest, size = opened.header, hashlib.sha256(), 0
    unpacker = zlib.decompressobj()
    with _opened(opened.path) as file:
        _head(file)
        while not unpacker.eof and (packed := file.read(_PACKED_PIECE)):
            try:
                piece = unpacker.decompress(packed)
            except zlib.error as error:
                raise _cut() from error
            size += len(piece)
            if size > header.bytes:
                raise _cut()
            digest.update(piece)
            target.write(piece)
        rest = unpacker.unused_data or file.read(1)
    if not unpacker.eof or rest or size != header.bytes or digest.hexdigest() != header.sha256:
        raise _cut()


def prove(path: Path, vault: Vault) -> None:
    """Read all of a backup of this vault's; raise Damaged or VaultError unless it could be restored."""
    with Path(os.devnull).open("wb") as nowhere:
        unpack(unseal(path, passphrase=None, own=vault), nowhere)


def sha256_of(path: Path) -> str:
    """In hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _head(file: BinaryIO) -> tuple[Header, bytes, bytes]:
    """(header, the same as it stands, seal); the file is then read up to the database."""
    found = file.read(len(MAGIC))
    if found != MAGIC:
        if found.startswith(_ANY) and found.endswith(b"\n"):
            raise Damaged("The backup was made by a newer Forge: restore it with that one. Nothing was done.")
        raise Damaged("This file is no backup of Forge. Nothing was done.")
    head = _part(file, _LARGEST_HEADER)
    seal = _part(file, _LARGEST_SEAL)
    try:
        return typed.decode(head, Header), head, seal
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _cut() from error


def _part(file: BinaryIO, largest: int) -> bytes:
    length = file.read(_LENGTH.size)
    size = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else largest + 1
    found = file.read(size) if size <= largest else b""
    if len(found) != size:
        raise _cut()
    return found


def _cut() -> Damaged:
    return Damaged("The backup is damaged: it is cut off, or was changed. Take another one. Nothing was done.")


def _opened(path: Path) -> BinaryIO:
    try:
        if not path.is_file():
            raise Invalid(f"There is no file {path}")
        return path.open("rb")
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}") from error


def _digest(head: bytes) -> str:
    return hashlib.sha256(MAGIC + head).hexdigest()


def sync(file: BinaryIO) -> None:
    """All of it is on the disk."""
    file.flush()
    os.fsync(file.fileno())
