"""What is different between a thing as it is and as it is wanted, as words for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from forge.config.shapes import Shape, written

_LONGEST = 60  # characters of a value


def differences(before: Any, after: Any, shape: Shape) -> list[str]:
    """`pattern glob:dev-* → glob:d-*` for each field of two values of one type that is not the same."""
    was, is_ = (dict(_leaves("", written(value, shape, all_=True))) for value in (before, after))
    return [
        f"{path} {_short(was.get(path))} → {_short(is_.get(path))}"
        for path in dict.fromkeys([*was, *is_])
        if was.get(path) != is_.get(path)
    ]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), one)
    else:
        yield path, value


def _short(value: Any) -> str:
    """A value on one line, never long enough to flood a terminal."""
    if value is None:
        return "nothing"
    said = f"[{', '.join(map(_plain, value))}]" if isinstance(value, list) else _plain(value)
    said = "".join(letter if letter.isprintable() else "·" for letter in said)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_plain(one)}" for key, one in value.items()) + "}"
    return str(value) or "“”"
