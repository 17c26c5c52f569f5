"""Secrets at rest: AES-256-GCM, each sealed for its place, and the keys that open them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge.domain.errors import ForgeError
from forge.domain.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_VARIABLE = "FORGE_ENCRYPTION_KEY"
CHECK_PLACE = "vault/check"

_FORMAT = b"\x01"
_KEY_LENGTH = 32
_ID_LENGTH = 4
_NONCE_LENGTH = 12  # NIST SP 800-38D §5.2.1.1: 96 bits, drawn anew for every seal
_TAG_LENGTH = 16
_HEAD_LENGTH = len(_FORMAT) + _ID_LENGTH
_SEALED = _HEAD_LENGTH + _NONCE_LENGTH
_HEX = re.compile(rf"[0-9a-fA-F]{{{2 * _KEY_LENGTH}}}")


class VaultError(ForgeError):
    """A secret cannot be opened, or a key cannot be used; the sentence holds neither."""

    code = "vault"


class Vault:
    """Seals with the first of `keys` (32 bytes each), opens with any of them."""

    __slots__ = ("_keys", "_randomness", "current")

    def __init__(self, keys: Sequence[bytes], *, randomness: Callable[[int], bytes] = os.urandom) -> None:
        """Raise VaultError without a key, or for one of another length."""
        if not keys or any(len(key) != _KEY_LENGTH for key in keys):
            raise VaultError(f"A vault needs keys of {_KEY_LENGTH} bytes: `forge vault key` makes one.")
        self._keys = {_key_id(key): key for key in keys}
        self._randomness = randomness
        self.current = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"Vault(current={self.current.hex()}, keys={len(self._keys)})"

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys themselves, the current one first: for a backup that takes them along, wrapped."""
        return tuple(self._keys.values())

    def seal(self, place: str, secret: Secret) -> bytes:
        """`secret` as bytes to keep at `place`: format, key id, nonce, ciphertext; it opens nowhere else."""
        head = _FORMAT + self.current
        nonce = self._randomness(_NONCE_LENGTH)
        text = secret.reveal().encode("utf-8", "surrogatepass")
        return head + nonce + _cipher(self._keys[self.current]).encrypt(nonce, text, head + _bytes(place))

    def open(self, place: str, blob: bytes) -> Secret:
        """The secret that was sealed for `place`; raise VaultError if key, place or a single byte is another."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  slow to import

        head, nonce, sealed = blob[:_HEAD_LENGTH], blob[_HEAD_LENGTH:_SEALED], blob[_SEALED:]
        if head[:1] != _FORMAT or len(sealed) < _TAG_LENGTH:
            raise VaultError(f"What is kept at {place} is no sealed secret: restore a backup of the data folder.")
        key = self._keys.get(head[1:])
        if key is None:
            raise VaultError(f"The secret at {place} was sealed with another key: start Forge with that key.")
        try:
            text = _cipher(key).decrypt(nonce, sealed, head + _bytes(place))
        except InvalidTag:
            raise VaultError(
                f"The secret at {place} was damaged or moved from another place: enter it again, or restore a backup."
            ) from None
        return Secret(text.decode("utf-8", "surrogatepass"))

    def check(self, blob: bytes) -> None:
        """Raise VaultError unless this vault opens `blob`, which the store sealed for CHECK_PLACE at first start."""
        try:
            self.open(CHECK_PLACE, blob)
        except VaultError as error:
            raise VaultError(
                f"The key does not fit this data folder: its secrets were sealed with another one. Start Forge with "
                f"that key ({KEY_VARIABLE}, or vault.key in the data folder); nothing was changed."
            ) from error

    def is_current(self, blob: bytes) -> bool:
        """Whether `blob` was sealed with the first key."""
        return blob[1:_HEAD_LENGTH] == self.current


def rotate(old: Vault, new: Vault, rows: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """All (place, blob) `rows` sealed anew with `new`; raise VaultError if one does not open."""
    return [(place, new.seal(place, old.open(place, blob))) for place, blob in rows]


def generate_key(randomness: Callable[[int], bytes] = os.urandom) -> str:
    """A new key as FORGE_ENCRYPTION_KEY and the key file hold it: base64 of 32 random bytes."""
    return base64.b64encode(randomness(_KEY_LENGTH)).decode()


def parse_key(text: str, where: str = KEY_VARIABLE) -> bytes:
    """Read 32 bytes from base64 (also the URL-safe one) or hex; VaultError says `where` the bad key stood."""
    stripped = text.strip()
    if _HEX.fullmatch(stripped):
        return bytes.fromhex(stripped)
    try:
        standard = stripped.rstrip("=").translate(str.maketrans("-_", "+/"))
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_LENGTH:
        raise VaultError(f"{where} is no key: it must be 32 bytes in base64 or hex. `forge vault key` makes one.")
    return key


def open_vault(file: Path, *, key: Secret | None, old: Secret | None = None, first_start: bool) -> Vault:
    """The vault of a data folder: by `key` (and `old`, after a change of key), else by the key `file`.

    The file is made only at the `first_start` (no database yet): a new key would open nothing that is there.
    """
    if key is not None:
        keys = [parse_key(key.reveal())]
        if old is not None:
            keys.append(parse_key(old.reveal(), f"{KEY_VARIABLE}_OLD"))
        return Vault(keys)
    if first_start and not file.exists():
        make_key_file(file)
    return Vault(read_key_file(file))


def make_key_file(path: Path, keys: Sequence[bytes] = ()) -> None:
    """Make a key file of `keys`, or a new one, readable by its owner only; no error if there is one already."""
    try:
        _write_new(path, _as_lines(keys or [os.urandom(_KEY_LENGTH)]))
        sync_folder(path.parent)
    except FileExistsError:
        return
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be made: {error.strerror}.") from error


def read_key_file(path: Path) -> list[bytes]:
    """The keys in `path`, one a line, the current one first. Raise VaultError if others may read it."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            lines = [line.strip() for line in file.read().decode("ascii", "replace").splitlines()]
    except FileNotFoundError:
        raise VaultError(
            f"The key file {path} is missing: put it back from a backup, or start Forge with {KEY_VARIABLE}."
        ) from None
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if os.name == "posix" and mode & 0o077:
        raise VaultError(f"The key file {path} is open to others (mode {mode:04o}): run `chmod 600 {path}`.")
    keys = [parse_key(line, f"The key file {path}") for line in lines if line and not line.startswith("#")]
    if not keys:
        raise VaultError(f"The key file {path} is empty: put it back from a backup.")
    return keys


def write_key_file(path: Path, keys: Sequence[bytes]) -> None:
    """Replace `path` by one with `keys`, at once and durably: a crash leaves the old file or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        _write_new(fresh, _as_lines(keys))
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be written: {error.strerror}.") from error


def rotate_key_file(path: Path, reseal: Callable[[Vault], Iterable[bytes]]) -> Vault:
    """Change the key: `reseal` seals every row anew in one transaction, and returns all that is kept after it.

    The file holds new and old key until nothing is left under the old one, so that a crash at any point
    leaves a vault that opens every row; then rotating again ends it.
    """
    keys = [os.urandom(_KEY_LENGTH), *read_key_file(path)]
    write_key_file(path, keys)
    if not all(map(Vault(keys).is_current, reseal(Vault(keys)))):
        raise VaultError("Secrets were changed meanwhile: run `forge vault rotate` again. Nothing is lost.")
    write_key_file(path, keys[:1])
    return Vault(keys[:1])


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink()  # half a key file would keep Forge from starting once there is room again
        raise


def sync_folder(folder: Path) -> None:
    """A rename is durable only once its folder is."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _as_lines(keys: Sequence[bytes]) -> str:
    note = "# Forge's key: without it no secret in this folder can be read. Keep a copy elsewhere.\n"
    return note + "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"forge key id" + key).digest()[:_ID_LENGTH]


def _bytes(place: str) -> bytes:
    return place.encode("utf-8", "surrogatepass")


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM as cipher  # noqa: N811, PLC0415  slow to import

    return cipher(key)
