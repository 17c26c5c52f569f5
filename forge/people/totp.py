"""One-time codes (RFC 6238), and the recovery codes for when the phone is lost."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from urllib.parse import quote, urlencode

_STEP = 30  # seconds, six digits, SHA-1: what every authenticator takes
_AROUND = 1  # steps that clocks may differ
RECOVERY_CODES = 10


def new_secret() -> str:
    """160 random bits, as authenticators take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def address(secret: str, name: str) -> str:
    """What an authenticator reads from a picture."""
    label = quote(f"Forge:{name}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': 'Forge'})}"


def counter_of(secret: str, code: str, now: float) -> int | None:
    """Of which step `code` is, if it is one of about now."""
    from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415  slow to import
    from cryptography.hazmat.primitives.twofactor.hotp import HOTP  # noqa: PLC0415

    given = "".join(code.split())
    if len(given) != 6 or not given.isascii() or not given.isdigit():
        return None
    made = HOTP(base64.b32decode(secret), 6, SHA1())  # noqa: S303  RFC 6238's, and a MAC
    steps = range(int(now // _STEP) - _AROUND, latest(now) + 1)
    fitting = [step for step in steps if step >= 0 and secrets.compare_digest(made.generate(step), given.encode())]
    return max(fitting, default=None)


def latest(now: float) -> int:
    """The last step whose code is taken now."""
    return int(now // _STEP) + _AROUND


def new_recovery_codes() -> list[str]:
    """Random, 80 bits each, as people type them."""
    return [
        "-".join(_groups(base64.b32encode(secrets.token_bytes(10)).decode().lower())) for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(code: str) -> bytes | None:
    """How a recovery code is kept; None if this is none."""
    text = "".join(letter for letter in code.lower() if letter.isalnum())
    try:
        known = len(base64.b32decode(text.upper())) == 10
    except binascii.Error:
        return None
    return hashlib.sha256(text.encode()).digest() if known else None


def _groups(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]
