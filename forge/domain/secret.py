"""A value that must not be seen."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn


class Secret:
    """Wraps a secret so that printing, logging, formatting or copying it shows nothing; `reveal()` gives it out.

    No dataclass: `asdict` of whatever holds a secret would open it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        ours, theirs = (secret.reveal().encode("utf-8", "surrogatepass") for secret in (self, other))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash(self._value)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret cannot be pickled")

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__
