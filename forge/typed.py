"""Values of our types out of JSON and of what was read: msgspec's, for any number of threads.

msgspec notes what it found out about a type on the type itself before it has found out all of it. A second thread that
wants the same type in that moment crashes the process (SIGSEGV). So whatever makes values of a type does it here.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_known: set[Any] = set()  # of these, and of all that they are made of, everything has been found out
_finding_out = threading.Lock()


def convert(value: Any, type_: type[T], *, strict: bool = True, from_attributes: bool = False) -> T:
    """`value` as a `type_`; raise msgspec.ValidationError. `strict=False`: numbers may stand as text."""
    _find_out(type_)
    return msgspec.convert(value, type_, strict=strict, from_attributes=from_attributes)  # noqa: TID251 the one place


def decode(text: bytes | str, type_: type[T]) -> T:
    """JSON as a `type_`; raise msgspec.DecodeError, of which ValidationError is one."""
    _find_out(type_)
    return msgspec.json.decode(text, type=type_)  # noqa: TID251 the one place


def _find_out(type_: Any) -> None:
    if type_ not in _known:
        with _finding_out:
            msgspec.json.Decoder(type_)  # noqa: TID251 the one place
            _known.add(type_)
