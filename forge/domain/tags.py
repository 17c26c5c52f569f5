"""Which tags belong to a stage, and which of them is the newest."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from forge.domain import semver
from forge.domain.errors import Invalid
from forge.domain.regex import compile_tag_regex

_LONGEST = 200


class PatternKind(StrEnum):
    GLOB = "glob"
    REGEX = "regex"
    SEMVER = "semver"


@dataclass(frozen=True, slots=True)
class TagPattern:
    r"""`dev-*` (glob), `dev-\d+` (regex, the whole tag), `^1.2` (semver range)."""

    kind: PatternKind
    text: str

    def __post_init__(self) -> None:
        """Raise Invalid for a pattern that can never be read."""
        if not self.text or len(self.text) > _LONGEST:
            raise Invalid(f"A tag pattern has 1 to {_LONGEST} characters", fields={"pattern": "empty or too long"})
        self.matcher()

    def matcher(self) -> Callable[[str], bool]:
        """A function that says whether a tag belongs here; make it once, ask it often."""
        if self.kind is PatternKind.GLOB:
            glob = re.compile(fnmatch.translate(self.text))
            return lambda tag: glob.match(tag) is not None
        if self.kind is PatternKind.REGEX:
            return compile_tag_regex(self.text)
        wanted = semver.parse_range(self.text)
        return lambda tag: (version := semver.parse_version(tag)) is not None and wanted.holds(version)

    def matches(self, tag: str) -> bool:
        return self.matcher()(tag)

    @property
    def one_tag(self) -> str | None:
        """The only tag that can match, if there is only one (`latest`); such a tag is pushed again and again."""
        if self.kind is PatternKind.GLOB and not re.search(r"[*?\[]", self.text):
            return self.text
        return None

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.text}"


def parse_pattern(text: str) -> TagPattern:
    r"""Read `glob:dev-*`, `regex:dev-\d+`, `semver:^1.2`; without a kind it is a glob."""
    kind, colon, rest = text.partition(":")
    if colon and kind in {k.value for k in PatternKind}:
        return TagPattern(PatternKind(kind), rest)
    return TagPattern(PatternKind.GLOB, text)


def newest_first(pattern: TagPattern, tags: Iterable[str], created: Mapping[str, float]) -> list[str]:
    """Order tags: by version where the pattern is semver, else by creation time (unix seconds; unknown
    is oldest); equals by natural order of their text, so that `dev-10` comes before `dev-9`.
    """

    def by_version(tag: str) -> tuple[semver.Version, list[tuple[int, str]]]:
        return semver.parse_version(tag) or semver.Version(0, 0, 0, ("0",)), _natural(tag)

    def by_time(tag: str) -> tuple[float, list[tuple[int, str]]]:
        return created.get(tag, 0.0), _natural(tag)

    if pattern.kind is PatternKind.SEMVER:
        return sorted(tags, key=by_version, reverse=True)
    return sorted(tags, key=by_time, reverse=True)


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", text) if part]
