"""What registries say of their limits: how much is left, and until when they want to be left alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from forge.domain.errors import RegistryUnavailable
from forge.ports import Quota

WAIT = 60.0  # seconds, after a 429 that does not say how long
_LONGEST_WAIT = 24 * 3600.0
_EPOCH = 1_000_000_000  # a larger number is a time, not a span
_VALUE = re.compile(r"\s*(\d{1,15})\b")
_WINDOW = re.compile(r"\bw\s*=\s*(\d{1,15})\b")


def wait_of(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait after Retry-After (RFC 9110 §10.2.3: seconds or a date), at most a day; None if not said.

    X-RateLimit-Reset and RateLimit-Reset (seconds, or unix time) count where Retry-After is missing.
    """
    for name in ("Retry-After", "X-Retry-After", "RateLimit-Reset", "X-RateLimit-Reset"):
        wait = _span(headers.get(name, ""), now)
        if wait is not None:
            return min(max(wait, 0.0), _LONGEST_WAIT)
    return None


def _span(text: str, now: float) -> float | None:
    if re.fullmatch(r"\s*\d{1,15}(\.\d*)?\s*", text):
        value = float(text)
        return value - now if value > _EPOCH else value
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None


def read_quota(headers: Mapping[str, str], before: Quota | None) -> Quota | None:
    """`before`, with what these headers say of the limit: `100;w=21600` as Docker Hub writes it, or a bare number.

    Source: docs.docker.com/docker-hub/usage/pulls. RateLimit-* counts before X-RateLimit-*.
    """
    limit, window = _numbers(headers, "Limit")
    remaining, window_too = _numbers(headers, "Remaining")
    if limit is None and remaining is None:
        return before
    before = before or Quota()
    return Quota(
        limit=before.limit if limit is None else limit,
        remaining=before.remaining if remaining is None else remaining,
        window=window or window_too or before.window,
    )


def _numbers(headers: Mapping[str, str], what: str) -> tuple[int | None, float | None]:
    for name in (f"RateLimit-{what}", f"X-RateLimit-{what}"):
        text = headers.get(name, "")
        if value := _VALUE.match(text):
            window = _WINDOW.search(text)
            return int(value[1]), float(window[1]) if window else None
    return None, None


def at(when: float) -> str:
    """A time of day for a person: “14:05 (UTC)”, rounded up to the minute."""
    return datetime.fromtimestamp(-(-when // 60) * 60, UTC).strftime("%H:%M (UTC)")


class Limits:
    """What one registry said of its limits, for many threads. Times are unix seconds."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._quota: Quota | None = None
        self._until = 0.0

    def check(self, now: float) -> None:
        """Raise RegistryUnavailable (code `limit`) while the registry wants to be left alone."""
        with self._lock:
            until = self._until
        if now < until:
            raise RegistryUnavailable(
                f"{self._host} asks not to be asked again until {at(until)}: "
                "wait, poll less often, or use a login with a higher limit",
                code="limit",
                retry_after=until - now,
            )

    def note(self, status: int, headers: Mapping[str, str], now: float) -> None:
        """Keep what an answer says. A 429, or a 503 with Retry-After, closes the registry for a while."""
        wait = wait_of(headers, now) if status in {429, 503} else None
        if status == 429 and wait is None:
            wait = WAIT
        with self._lock:
            self._quota = read_quota(headers, self._quota)
            if wait:
                self._until = max(self._until, now + wait)

    def quota(self, now: float) -> Quota | None:
        """What is known, `until` only while it lies ahead; None if nothing was ever said."""
        with self._lock:
            until = self._until if now < self._until else None
            if until is None:
                return self._quota
            return replace(self._quota or Quota(), until=until)
