"""The vault's keys, wrapped by a passphrase, so that they may travel in a backup."""

from __future__ import annotations

import base64
import binascii
import os
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from forge.domain.errors import Invalid
from forge.domain.secret import Secret
from forge.vault import VaultError

SHORTEST, LONGEST = 12, 1024  # characters of a passphrase
USUAL_COST = 1 << 17  # scrypt's N with r=8, p=1: what OWASP's Password Storage Cheat Sheet asks for (2023); 128 MiB
_DEAREST = 1 << 18  # what a file may ask of us
_SALT, _NONCE, _KEY = 16, 12, 32  # bytes
_MOST_KEYS = 8
_USE = b"forge backup keys 1"


class Wrapped(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Keys under a passphrase: scrypt (RFC 7914), then AES-256-GCM over all the other fields. Bytes in base64."""

    kdf: Literal["scrypt"] = "scrypt"
    n: Annotated[int, msgspec.Meta(ge=2, le=_DEAREST)]
    r: Annotated[int, msgspec.Meta(ge=1, le=8)] = 8
    p: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1
    salt: Annotated[str, msgspec.Meta(max_length=64)]
    nonce: Annotated[str, msgspec.Meta(max_length=64)]
    sealed: Annotated[str, msgspec.Meta(max_length=1024)]


def check_passphrase(passphrase: Secret) -> None:
    """Raise Invalid for one that is soon guessed by whoever has the file: nothing slows them down but its length."""
    if not SHORTEST <= len(passphrase.reveal()) <= LONGEST:
        raise Invalid(
            f"The passphrase has {SHORTEST} characters or more: several words that nobody else would say",
            fields={"passphrase": f"{SHORTEST} characters or more"},
        )


def wrap(keys: Sequence[bytes], passphrase: Secret) -> Wrapped:
    """Raise Invalid for a passphrase that is too short."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  slow to import

    check_passphrase(passphrase)
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    head = Wrapped(n=USUAL_COST, salt=_text(salt), nonce=_text(nonce), sealed="")
    sealed = AESGCM(_key_of(head, passphrase)).encrypt(nonce, b"".join(keys), _bound(head))
    return msgspec.structs.replace(head, sealed=_text(sealed))


def unwrap(wrapped: Wrapped, passphrase: Secret) -> list[bytes]:
    """The keys, the current one first; raise VaultError for another passphrase or a byte that was changed."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    cipher = AESGCM(_key_of(wrapped, passphrase))
    try:
        joined = cipher.decrypt(_bytes(wrapped.nonce), _bytes(wrapped.sealed), _bound(wrapped))
    except (InvalidTag, ValueError):
        raise VaultError(
            "This is not the passphrase of the backup, or the file was changed. Nothing was done.", code="passphrase"
        ) from None
    keys = [joined[at : at + _KEY] for at in range(0, len(joined), _KEY)]
    if not 1 <= len(keys) <= _MOST_KEYS or len(keys[-1]) != _KEY:
        raise VaultError("The backup holds no key that can be used: take another one. Nothing was done.")
    return keys


def _key_of(wrapped: Wrapped, passphrase: Secret) -> bytes:
    """Normalised: one keyboard's é is two characters, another's one."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    said = unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass")
    try:
        return Scrypt(salt=_bytes(wrapped.salt), length=_KEY, n=wrapped.n, r=wrapped.r, p=wrapped.p).derive(said)
    except (ValueError, MemoryError) as error:
        raise VaultError(f"The key cannot be derived from the passphrase: {error}") from None


def _bound(wrapped: Wrapped) -> bytes:
    """What the seal covers beside the keys."""
    return _USE + msgspec.json.encode(msgspec.structs.replace(wrapped, sealed=""))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
