"""Notifications: who is told of what, elsewhere, and what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from forge.domain.errors import Invalid
from forge.domain.names import check_name

LONGEST_QUIET = 86400.0  # seconds


class Occasion(StrEnum):
    """What somebody may want to be told of. Trouble and its end are one: who hears of the one wants the other."""

    DEPLOY_SUCCEEDED = "deploy_succeeded"
    DEPLOY_FAILED = "deploy_failed"  # taken back: what served still serves
    DEPLOY_STUCK = "deploy_stuck"  # taking back failed too: a person must look
    ROLLED_BACK = "rolled_back"  # by a person's choice
    WAITING = "waiting"  # a tag, or a new image, waits for a person
    INSTANCE = "instance"  # one that serves is unhealthy, stopped or missing; or well again
    PART = "part"  # a registry, proxy or engine does not answer; or does again
    BACKUP = "backup"  # the daily backup could not be made; or is made again
    DELIVERY_REFUSED = "delivery_refused"  # a webhook delivery: not signed as it must be, or not understood


OF_NO_PROJECT = frozenset({Occasion.PART, Occasion.BACKUP, Occasion.DELIVERY_REFUSED})
SAID_UNASKED = (
    Occasion.DEPLOY_FAILED,
    Occasion.DEPLOY_STUCK,
    Occasion.WAITING,
    Occasion.INSTANCE,
)  # what a new notification tells of unless it says otherwise


class NotificationKind(StrEnum):
    APPRISE = "apprise"  # an Apprise URL: chat, mail, push
    WEBHOOK = "webhook"  # signed JSON by POST
    NOBODY = "nobody"  # keeps quiet where a wider one would tell


class NoticeLevel(StrEnum):
    GOOD = "good"
    INFO = "info"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Who is told of some occasions: everywhere, or of one project or stage. Its address, and a webhook's key, are in
    the vault. `service` is how its kind is called by the address (slack, json, host of a webhook), nothing secret.

    `quiet`: seconds in which one subject is told of twice at most; what comes more is told as one at their end.
    `local`: it may be sent to this machine itself, and link-local. `active` False: nothing is sent.
    """

    name: str
    kind: NotificationKind
    occasions: tuple[Occasion, ...] = SAID_UNASKED
    project: str | None = None
    stage: str | None = None
    quiet: float = 300
    local: bool = False
    active: bool = True
    service: str = ""

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_name(self.name, "notification")
        if self.stage is not None and self.project is None:
            raise Invalid("A stage is one of a project: name the project too", fields={"project": "missing"})
        if not self.occasions:
            raise Invalid("Choose at least one occasion to be told of", fields={"occasions": "at least one"})
        if self.project is not None and (wide := sorted(OF_NO_PROJECT & set(self.occasions))):
            raise Invalid(
                f"“{wide[0]}” belongs to no project: only a notification for everywhere can tell of it",
                fields={"occasions": "only for everywhere"},
            )
        if not 0 <= self.quiet <= LONGEST_QUIET:
            raise Invalid("The quiet time is up to a day, 0 for none", fields={"quiet": "0 to 86400 seconds"})

    @property
    def width(self) -> int:
        """0 for a stage, 1 for a project, 2 for everywhere: the narrowest wins."""
        return 0 if self.stage is not None else 1 if self.project is not None else 2

    def covers(self, project: str | None, stage: str | None) -> bool:
        return self.project in {None, project} and self.stage in {None, stage}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told, as plain text. `subject` is what it is about: a later notice of the same one follows it.

    `recovery`: it ends a trouble, and is told only to those who heard of that. `settle`: seconds to wait, as the
    trouble may pass by itself. `path` leads to it on the board. `facts` are for programs. `at` in unix seconds.
    """

    occasion: Occasion
    level: NoticeLevel
    subject: str
    title: str
    text: str
    at: float
    path: str = "/"
    project: str | None = None
    stage: str | None = None
    recovery: bool = False
    settle: float = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    more: int = 0  # earlier ones of the same subject that it stands for


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up: a person may send it again
    DROPPED = "dropped"  # too many waited


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to a notification. `key` is the same at every attempt, so that a receiver can tell a
    repetition. `due` is when it is tried (again); `code` is the HTTP status, `answer` the sentence of the last attempt.
    """

    id: int
    notification: str
    key: str
    event: int
    notice: Notice
    status: DeliveryStatus
    attempts: int
    created: float
    due: float
    ended: float | None = None
    answer: str = ""
    code: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one attempt: `text` is the sentence, `code` the HTTP status if there was one, `retry_after` the
    seconds that the other side asked to wait.
    """

    ok: bool
    text: str
    code: int | None = None
    milliseconds: float = 0
    retry_after: float | None = None


def applying(
    all_: Iterable[Notification], occasion: Occasion, project: str | None, stage: str | None
) -> list[Notification]:
    """Those that are told of an occasion: of all that cover its place and name it, the narrowest."""
    found = [one for one in all_ if one.active and occasion in one.occasions and one.covers(project, stage)]
    narrowest = min((one.width for one in found), default=0)
    return [one for one in found if one.width == narrowest]
