"""Secrets over HTTP: values come in and never go out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from forge.domain.secret import Secret
from forge.log import hide


def sealed(secrets: Mapping[str, str | None]) -> dict[str, Secret | None]:
    """Secrets as they come in, wrapped, and hidden from the log."""
    return {name: None if value is None else wrapped(value) for name, value in secrets.items()}


def wrapped(value: str) -> Secret:
    """A secret as it comes in, hidden from the log."""
    secret = Secret(value)
    hide(secret)
    return secret


def kept_names(before: Iterable[str], given: Mapping[str, str | None]) -> list[str]:
    """The names that there are after a change: the old ones and the given ones, without those set to null."""
    return sorted(name for name in {*before, *given} if given.get(name, "") is not None)
