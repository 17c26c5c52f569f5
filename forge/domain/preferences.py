"""Preferences: the settings that are kept in the store and changed while Forge runs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from forge.domain.connection import check_url
from forge.domain.errors import Invalid
from forge.domain.names import DEFAULT_DOMAIN_PATTERN, check_domain_pattern, check_host


class UnknownImage(StrEnum):
    IGNORE = "ignore"
    CREATE = "create"  # make the project from the image, and wait for a person
    DEPLOY = "deploy"  # make it and deploy


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """`domain` is the base domain; `host_paths` are the folders host volumes may lie under;
    `free_disk` is the floor in bytes before a pull; `default_proxy` serves new projects;
    `public_url` is where people reach the board, for links in messages ("": nobody said);
    `webhook_signature`: deliveries without a valid HMAC are refused; `receipts` and `events` say how many are kept;
    `close_to_tray`: closing the window hides it where there is a tray. `backup_daily`: a backup is kept every day at
    `backup_hour` of this machine's clock, the last `backup_days` of them and of older ones `backup_weeks` weekly ones.
    """

    domain: str = "localhost"
    domain_pattern: str = DEFAULT_DOMAIN_PATTERN
    unknown_image: UnknownImage = UnknownImage.CREATE
    default_proxy: str = "published"
    host_paths: tuple[str, ...] = ()
    free_disk: int = 1 << 30
    public_url: str = ""
    webhook_signature: bool = False
    receipts: int = 1000
    events: int = 100_000
    close_to_tray: bool = False
    backup_daily: bool = True
    backup_hour: int = 3
    backup_days: int = 7
    backup_weeks: int = 4

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_host(self.domain)
        check_domain_pattern(self.domain_pattern, "domain_pattern")
        if self.public_url:
            check_url(self.public_url, "public_url")
        for path in self.host_paths:
            if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
                raise Invalid(f"“{path[:80]}” is no absolute folder", fields={"host_paths": "absolute folders"})
        for what, value, low in (
            ("free_disk", self.free_disk, 0),
            ("receipts", self.receipts, 1),
            ("events", self.events, 1000),
            ("backup_hour", self.backup_hour, 0),
            ("backup_days", self.backup_days, 1),
            ("backup_weeks", self.backup_weeks, 0),
        ):
            if value < low:
                raise Invalid(f"{what} is {low} or more", fields={what: f"{low} or more"})
        for what, value, high in (
            ("backup_hour", self.backup_hour, 23),
            ("backup_days", self.backup_days, 366),
            ("backup_weeks", self.backup_weeks, 520),
        ):
            if value > high:
                raise Invalid(f"{what} is {high} or less", fields={what: f"{high} or less"})


PREFERENCE_NAMES = tuple(f.name for f in fields(Preferences))
