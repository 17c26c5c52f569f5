"""Where secrets stand in bytes: plain, and as programs write them into logins, addresses and JSON."""

from __future__ import annotations

import html
import json
import struct
import threading
import zlib
from base64 import b64encode
from bisect import bisect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from tests.canaries.kinds import MAY_STAND

_BACKUP = b"FORGE-BACKUP "
_AROUND = 40  # characters shown on either side
_MASK = "•••".encode()
_BETWEEN = b"\n\0\n"


def forms(secret: str) -> set[bytes]:
    """As it is, in addresses, JSON and HTML, and inside of base64 (of addresses too) at each of its three places."""
    raw = secret.encode()
    written = quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], html.escape(secret)
    found = {raw, *(form.encode() for form in written)}
    for before in range(3):
        encoded = b64encode(b"x" * before + raw)
        own = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]
        found |= {own, own.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


@dataclass(frozen=True, slots=True)
class Hit:
    """A secret of `kind` where it does not belong; `around` is what stands there, without it."""

    kind: str
    place: str
    around: str

    def __str__(self) -> str:
        return f"{self.kind} stands in {self.place}: {self.around}"


class Pile:
    """Texts with the places where they were found, to be searched at once."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, int]] = set()
        self._texts: list[bytes] = []
        self._places: list[str] = []
        self._starts: list[int] = []
        self._lock = threading.Lock()
        self.bytes = 0

    def add(self, place: str, text: bytes) -> None:
        """The same in the same place counts once."""
        text, key = unpacked(text), (place, hash(text))
        with self._lock:  # streams are read in threads of their own
            if text and key not in self._seen:
                self._seen.add(key)
                self._texts.append(text)
                self._places.append(place)
                self._starts.append(self.bytes)
                self.bytes += len(text) + len(_BETWEEN)

    def hits(self, secrets: Mapping[str, str]) -> Iterator[Hit]:
        """Each place of each of `secrets` (secret → kind) where it may not stand, once."""
        whole, told = _BETWEEN.join(self._texts), set()
        for secret, kind in secrets.items():
            for form in forms(secret):
                for at in _all(whole, form):
                    place = self._places[bisect(self._starts, at) - 1]
                    if (kind, place) not in told and not any(one.covers(kind, place) for one in MAY_STAND):
                        told.add((kind, place))
                        yield Hit(kind, place, _around(whole, at, len(form), secrets))


def _all(whole: bytes, form: bytes) -> Iterator[int]:
    at = whole.find(form)
    while at >= 0:
        yield at
        at = whole.find(form, at + 1)


def _around(whole: bytes, at: int, length: int, secrets: Mapping[str, str]) -> str:
    """Both sides of it, without any other secret: so it is cut after they are taken out."""
    wide = _AROUND + max(map(len, secrets))
    before, after = whole[max(0, at - wide) : at], whole[at + length : at + length + wide]
    for secret in secrets:
        before, after = (part.replace(secret.encode(), _MASK) for part in (before, after))
    return f"{_said(before)[-_AROUND:]}•••{_said(after)[:_AROUND]}"


def _said(part: bytes) -> str:
    return "".join(letter if letter.isprintable() else "." for letter in part.decode("utf-8", "replace"))


def unpacked(text: bytes) -> bytes:
    """A backup with its database as that is before it is packed; anything else, and a damaged one, as it is."""
    if text.startswith(_BACKUP):
        with suppress(ValueError, struct.error, zlib.error):
            at = text.index(b"\n") + 1
            for _ in ("header", "seal"):
                at += 4 + struct.unpack_from(">I", text, at)[0]
            return text[:at] + zlib.decompressobj().decompress(text[at:])
    return text
