"""A delivery's bytes: read as JSON, and as much of them as is kept for replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from forge.domain.errors import Invalid

LARGEST = 256 << 10  # bytes
_KEPT = frozenset(
    {
        "content-type", "user-agent", "x-github-event", "x-github-delivery", "x-gitea-event", "x-gitea-delivery",
        "x-forgejo-event", "x-forgejo-delivery",
    }
)  # fmt: skip
_LONGEST_HEADER = 200
HIDDEN = "•••"


def parse(headers: Mapping[str, str], body: bytes) -> Any:
    """The JSON of a body, also where it is the field `payload` of a form, as GitHub and Gitea can send it.

    Raise Invalid.
    """
    if len(body) > LARGEST:
        raise too_large(f"{len(body)} bytes")
    try:
        return msgspec.json.decode(_json(headers, body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The delivery is no JSON: {error}", code="not_json") from error


def too_large(size: str) -> Invalid:
    """The sentence for a body that nobody reads."""
    return Invalid(f"A delivery is at most {LARGEST >> 10} KiB: this one has {size}", code="too_large")


def kept_text(headers: Mapping[str, str], body: bytes) -> str:
    """The JSON as it is kept for replay, without what old versions of Gitea put there as `secret`; "" for what
    cannot be replayed anyway.
    """
    try:
        value = parse(headers, body)
    except Invalid:
        return ""
    if isinstance(value, dict) and "secret" in value:
        value = {**value, "secret": HIDDEN}
    return msgspec.json.encode(value).decode()


def kept_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers that say what a delivery is; never logins or signatures."""
    kept = {name.lower(): value[:_LONGEST_HEADER] for name, value in headers.items() if name.lower() in _KEPT}
    return tuple(sorted(kept.items()))


def _json(headers: Mapping[str, str], body: bytes) -> bytes:
    lowered = {name.lower(): value for name, value in headers.items()}
    if not lowered.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return body
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=20)
    except ValueError as error:
        raise Invalid("The delivery is no form that can be read: send it as JSON", code="not_json") from error
    if len(fields.get("payload", [])) != 1:
        raise Invalid("The form has no field “payload”: send the delivery as JSON", code="not_json")
    return fields["payload"][0].encode()
