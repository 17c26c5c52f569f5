"""Plain data and JSON as types, by threads at once: msgspec builds what it knows of a type when it first meets it.

While one thread builds, another takes the half-built for whole and the process ends with a segmentation fault: seen
with msgspec 0.22 at starts of Forge, where several threads read their first rows. So a type is built under a lock.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_lock = threading.Lock()
_built = set[Any]()


def convert(value: Any, type_: type[T], *, strict: bool = True, from_attributes: bool = False) -> T:
    """As msgspec.convert; raise msgspec.ValidationError."""
    _build(type_)
    return msgspec.convert(value, type_, strict=strict, from_attributes=from_attributes)


def decode(data: bytes | str, type_: type[T]) -> T:
    """As msgspec.json.decode; raise msgspec.DecodeError, of which ValidationError is one."""
    _build(type_)
    return msgspec.json.decode(data, type=type_)


def _build(type_: Any) -> None:
    """With all types inside of it."""
    if type_ in _built:
        return
    with _lock:
        msgspec.json.Decoder(type_)
        _built.add(type_)
