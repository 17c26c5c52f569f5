"""Sightings: a tag and digest were seen, by poll or webhook; and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    DEPLOY = "deploy"  # a deploy was queued
    NOTED = "noted"  # first look at a stage: only noted
    WAITING = "waiting"  # a person must say yes
    HELD = "held"  # will be decided again at `due`
    IGNORED = "ignored"  # no stage takes it, or the stage does not deploy by itself
    QUARANTINED = "quarantined"  # this digest failed here before
    CURRENT = "current"  # it serves already
    SUPERSEDED = "superseded"  # a newer tag of the stage was seen at the same time
    REFUSED = "refused"  # dismissed by a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """`tag` meant `digest` when seen for `project`/`stage`; what a tag means is decided once, until it means
    something else.

    `source`: `webhook` or `poller`. `reason` is the sentence. `due`: unix seconds, held ones only.
    `deploy` is the deploy it led to.
    """

    id: int
    project: str
    stage: str
    tag: str
    digest: str
    source: str
    decision: Decision
    reason: str
    seen: float
    due: float | None = None
    deploy: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one webhook delivery. `vendor`: forge, distribution, docker_hub, github, gitea, harbor,
    quay, or "" if nobody recognised it. `images` are the references it named. `signature`: valid, none,
    invalid. `decision` and `reason` sum up; `body` is kept for replay (JSON text, at most 256 KiB).
    """

    id: int
    at: float
    vendor: str
    images: tuple[str, ...]
    signature: str
    decision: str
    reason: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    replay_of: int | None = None
