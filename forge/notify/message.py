"""A notice as it goes out: with what it stands for, how late it is, and a link."""

from __future__ import annotations

import time
from dataclasses import dataclass

from forge.domain.notification import Delivery, Notice

_LATE = 300.0  # seconds after which a message says when it happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`key` is the same at every attempt; `url` leads to it on the board, None if nobody said where people reach it.
    `sent` is this attempt's time in unix seconds.
    """

    key: str
    notice: Notice
    url: str | None
    sent: float

    @property
    def text(self) -> str:
        """Plain text below the title."""
        notice, lines = self.notice, [self.notice.text]
        if notice.more:
            lines.append(f"It stands for {notice.more} more before it, which were not told one by one.")
        if self.sent - notice.at > _LATE:
            lines.append(f"This was at {_utc(notice.at)}: the message is late.")
        return "\n".join(line for line in (*lines, self.url or "") if line)


def message_of(delivery: Delivery, public_url: str | None, now: float) -> Message:
    url = f"{public_url.rstrip('/')}{delivery.notice.path}" if public_url else None
    return Message(key=delivery.key, notice=delivery.notice, url=url, sent=now)


def _utc(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
