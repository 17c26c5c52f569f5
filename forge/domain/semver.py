"""Semantic versions and ranges, as far as tags need them (semver.org 2.0.0, npm's range grammar)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import total_ordering

from forge.domain.errors import Invalid

_NUMBER = r"(0|[1-9][0-9]{0,15})"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_IDENTIFIERS}))?(?:\+({_IDENTIFIERS}))?")
_PART = r"(?:0|[1-9][0-9]{0,15}|[xX*])"
_TERM = re.compile(
    rf"(?P<op>\^|~|>=|<=|>|<|=)?\s*v?(?P<major>{_PART})(?:\.(?P<minor>{_PART}))?(?:\.(?P<patch>{_PART}))?"
    rf"(?:-(?P<pre>{_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version; compared by precedence (§11), build metadata left out."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    @property
    def core(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def _key(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        return self.core, not self.pre, tuple((not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in self.pre)

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()


def parse_version(text: str) -> Version | None:
    """Read `1.2.3`, `v1.2.3-rc.1+build`; None if it is no version. Leading zeros are refused (§2, §9)."""
    found = _VERSION.fullmatch(text)
    if not found:
        return None
    pre = tuple(found[4].split(".")) if found[4] else ()
    if any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in pre):
        return None
    return Version(int(found[1]), int(found[2]), int(found[3]), pre)


Bound = tuple[str, Version]
_HOLDS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}


@dataclass(frozen=True, slots=True)
class Range:
    """Alternatives of bounds that must all hold."""

    alternatives: tuple[tuple[Bound, ...], ...]

    def holds(self, version: Version) -> bool:
        """Whether `version` is in the range. A pre-release only counts if a bound names one of the same core (npm)."""
        return any(self._all_hold(bounds, version) for bounds in self.alternatives)

    @staticmethod
    def _all_hold(bounds: tuple[Bound, ...], version: Version) -> bool:
        if not all(_HOLDS[op](version, bound) for op, bound in bounds):
            return False
        return not version.pre or any(bound.pre and bound.core == version.core for _, bound in bounds)


def parse_range(text: str) -> Range:
    """Read an npm range: `^1.2`, `~1.2.3`, `1.x`, `>=1 <3`, `1.2 - 2.0`, `… || …`. Raise Invalid."""
    return Range(tuple(tuple(_bounds(part.strip(), text)) for part in text.split("||")))


def _bounds(part: str, whole: str) -> Iterator[Bound]:
    hyphen = _HYPHEN.fullmatch(part)
    if hyphen:
        part = f">={hyphen[1]} <={hyphen[2]}"
    rest = part or "*"
    while rest:
        found = _TERM.match(rest)
        if not found:
            raise Invalid(
                f"“{whole[:80]}” is no version range: write it as ^1.2, ~1.2.3, 1.x or >=1.0 <2.0",
                fields={"pattern": "not a range"},
            )
        yield from _expand(found)
        following = rest[found.end() :]
        rest = following.lstrip()
        if rest and following == rest:
            raise Invalid(
                f"“{whole[:80]}” is no version range: put a space between its parts", fields={"pattern": "not a range"}
            )


def _expand(found: re.Match[str]) -> Iterator[Bound]:
    """One term as bounds; a missing or `x` part leaves everything after it open."""
    given = [_number(found[name]) for name in ("major", "minor", "patch")]
    known = next((i for i, number in enumerate(given) if number is None), 3)
    numbers = [number or 0 for number in given[:known]] + [0] * (3 - known)
    low = Version(
        numbers[0], numbers[1], numbers[2], tuple(found["pre"].split(".")) if found["pre"] and known == 3 else ()
    )
    operator = found["op"] or "="
    if known == 0:
        if operator in {"<", ">"}:
            yield "<", Version(0, 0, 0, ("0",))
        else:
            yield ">=", low
    elif operator in {">=", "<"} or (operator in {">", "<="} and known == 3):
        yield operator, Version(*low.core, ("0",)) if operator == "<" and known < 3 else low
    elif operator == ">":
        yield ">=", _next(low, known - 1)
    elif operator == "<=":
        yield "<", _below(_next(low, known - 1))
    elif operator == "=" and known == 3:
        yield "=", low
    else:
        yield ">=", low
        yield "<", _below(_next(low, _pinned(operator, low, known)))


def _pinned(operator: str, low: Version, known: int) -> int:
    """The index of the last number that must stay as it is."""
    if operator == "~":
        return min(1, known - 1)
    if operator == "^":
        first = next((i for i, number in enumerate(low.core) if number), 2)
        return min(first, known - 1)
    return known - 1


def _next(version: Version, index: int) -> Version:
    numbers = [*version.core[:index], version.core[index] + 1, 0, 0][:3]
    return Version(numbers[0], numbers[1], numbers[2])


def _below(version: Version) -> Version:
    """The bound that also keeps out the pre-releases of `version` itself."""
    return Version(*version.core, ("0",))


def _number(text: str | None) -> int | None:
    return None if text is None or text in "xX*" else int(text)
