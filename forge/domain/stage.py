"""A stage: which tags belong there, whether they go live by themselves, where people reach them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from forge.domain.errors import Invalid
from forge.domain.names import check_name
from forge.domain.project import Project, VolumeKind, check_environment, check_pattern_or_none
from forge.domain.tags import PatternKind, TagPattern

BAKE = 60.0  # seconds
REPLICAS = 20  # the most of one digest: all of them twice while a deploy bakes
LATEST = 40  # requests that a tolerated share is of: those of about ten seconds
_QUICK = frozenset({"dev", "develop", "development"})  # stages to try things in, where waiting is worse than a fault
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")


class UpdateMode(StrEnum):
    AUTO = "auto"  # at once
    ASK = "ask"  # a person says yes
    WINDOW = "window"  # only within a window of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`mon-fri 02:00-05:00`, local time; over midnight (`22:00-04:00`) it belongs to the day it starts."""

    days: tuple[int, ...]
    start: int  # minutes after midnight
    end: int

    def opens(self, now: datetime) -> datetime:
        """`now` if the window is open, else when it opens next."""
        for day in range(-1, 8):
            midnight = (now + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
            if midnight.weekday() not in self.days:
                continue
            start = midnight + timedelta(minutes=self.start)
            end = midnight + timedelta(minutes=self.end, days=int(self.end <= self.start))
            if now < end:
                return max(start, now)
        raise Invalid("The window never opens")  # unreachable: days is never empty


def parse_window(text: str) -> Window:
    """Read `02:00-05:00`, `sat 02:00-05:00`, `mon-fri 02:00-05:00`. Raise Invalid."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if not found or any(day not in _DAYS for day in (found["first"], found["last"]) if day):
        raise Invalid(
            f"“{text[:40]}” is no window: write it as mon-fri 02:00-05:00", fields={"update.window": "not a window"}
        )
    first = _DAYS.index(found["first"]) if found["first"] else 0
    last = _DAYS.index(found["last"]) if found["last"] else (first if found["first"] else 6)
    days = tuple((first + i) % 7 for i in range((last - first) % 7 + 1))
    return Window(days=days, start=_minutes(found["start"], 23 * 60 + 59), end=_minutes(found["end"], 24 * 60))


def _minutes(text: str, latest: int) -> int:
    hours, minutes = int(text[:2]), int(text[3:])
    if minutes > 59 or hours * 60 + minutes > latest:
        raise Invalid(f"“{text}” is no time of day", fields={"update.window": "not a time"})
    return hours * 60 + minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """How a new tag goes live; `minimum_age` in seconds since the tag was first seen."""

    mode: UpdateMode = UpdateMode.AUTO
    window: str | None = None
    minimum_age: float = 0

    def __post_init__(self) -> None:
        """Raise Invalid unless a window is there exactly when the mode needs it."""
        if (self.mode is UpdateMode.WINDOW) != (self.window is not None):
            raise Invalid("A window goes with the mode “window”", fields={"update.window": "needs mode window"})
        if self.window is not None:
            parse_window(self.window)
        if not 0 <= self.minimum_age <= 365 * 86400:
            raise Invalid("The minimum age is 0 to 365 days, in seconds", fields={"update.minimum_age": "out of range"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How many of Forge's own requests may fail while a new instance is watched: more than `share` percent of the
    latest ones (`LATEST`), and `least` of them or more, take it back. A share of 100: they never do.
    """

    share: float = 5
    least: int = 3

    def __post_init__(self) -> None:
        """Raise Invalid for what can never be."""
        if not 0 <= self.share <= 100:
            raise Invalid("The share of failed requests is 0 to 100 percent", fields={"tolerance.share": "0 to 100"})
        if not 1 <= self.least <= LATEST:
            raise Invalid(
                f"The least number of failed requests is 1 to {LATEST}", fields={"tolerance.least": f"1 to {LATEST}"}
            )


def default_bake(name: str) -> float:
    """Seconds a new stage bakes if nobody says: none where the first word of its name is dev, else a minute."""
    return 0 if name.split("-", maxsplit=1)[0] in _QUICK else BAKE


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """See the module. `promote_after`: seconds that a digest must have served the stage it is promoted from, without
    a fault. `domain` is a pattern (placeholders `{stage} {project} {tag} {domain}`), None: the settings' pattern.
    `replicas`: how many instances of one digest answer for one domain. `publish` is a fixed port on this machine
    (then deploys are in place). `keep`: how many succeeded deploys can be rolled back to. `bake` (None becomes
    `default_bake`), `drain`, `stop_timeout` in seconds.
    """

    project: str
    name: str
    pattern: TagPattern = field(default_factory=lambda: TagPattern(PatternKind.GLOB, "*"))
    auto_deploy: bool = True
    max_instances: int = 1
    replicas: int = 1
    promote_from: str | None = None
    promote_after: float = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    domain: str | None = None
    update: Update = field(default_factory=Update)
    publish: int | None = None
    keep: int = 5
    bake: float | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    drain: float = 2
    stop_timeout: float = 10

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_name(self.name, "stage")
        check_environment(self.environment, self.secrets)
        check_pattern_or_none(self.domain)
        if self.promote_from is not None:
            check_name(self.promote_from, "stage", "promote_from")
        if self.promote_from == self.name:
            raise Invalid("A stage cannot be promoted from itself", fields={"promote_from": "itself"})
        if self.promote_after and self.promote_from is None:
            raise Invalid(
                "Only a stage that is promoted from another can wait for it",
                fields={"promote_after": "no promote_from"},
            )
        if self.publish is not None and not 1 <= self.publish <= 65535:
            raise Invalid("The published port is between 1 and 65535", fields={"publish": "1 to 65535"})
        if self.publish is not None and self.max_instances > 1:
            raise Invalid("A fixed published port allows one instance", fields={"max_instances": "1 with publish"})
        bake = default_bake(self.name) if self.bake is None else self.bake
        object.__setattr__(self, "bake", bake)
        for what, value, low, high in (
            ("max_instances", self.max_instances, 1, 50),
            ("replicas", self.replicas, 1, REPLICAS),
            ("promote_after", self.promote_after, 0, 30 * 86400),
            ("keep", self.keep, 1, 100),
            ("bake", bake, 0, 3600),
            ("drain", self.drain, 0, 3600),
            ("stop_timeout", self.stop_timeout, 0, 3600),
        ):
            if not low <= value <= high:
                raise Invalid(f"{what} is between {low} and {high}", fields={what: f"{low} to {high}"})

    @property
    def key(self) -> str:
        """`shop/dev`, as it is said."""
        return f"{self.project}/{self.name}"


class Strategy(StrEnum):
    SIDE_BY_SIDE = "side_by_side"  # the old one serves until the new one is proven and routed to
    IN_PLACE = "in_place"  # the old one stops first

    @property
    def said(self) -> str:
        """`side by side`, for a sentence."""
        return self.value.replace("_", " ")


def strategy_of(project: Project, stage: Stage) -> tuple[Strategy, str]:
    """How a deploy of this stage must run, and why, as a sentence."""
    if stage.publish is not None:
        return Strategy.IN_PLACE, f"two instances cannot both publish port {stage.publish}"
    for volume in project.volumes:
        if volume.exclusive:
            return Strategy.IN_PLACE, f"the volume at {volume.path} is exclusive"
    reason = "the old instance serves until the new one is proven"
    return Strategy.SIDE_BY_SIDE, "; ".join((reason, *_shared(project, stage)))


def _shared(project: Project, stage: Stage) -> Iterator[str]:
    """What two instances write to at once, and what to do if they cannot."""
    kinds = {VolumeKind.NAMED, VolumeKind.HOST}
    paths = [volume.path for volume in project.volumes if volume.kind in kinds and not volume.read_only]
    if not paths:
        return
    what = f"the volume{'s' if len(paths) > 1 else ''} at {' and '.join(paths)}"
    if stage.max_instances > 1:
        yield f"all instances share {what}"
    else:
        yield f"meanwhile old and new share {what}: mark it exclusive if two cannot write at once"
