"""What the engine and the way to it said, as sentences for a person; the one place where they are translated."""

from __future__ import annotations

import re
from collections.abc import Iterable

from forge.domain.errors import EngineError, EngineUnavailable
from forge.engines.faults import fault_of

RETRY_AFTER = 5.0  # seconds; dockerd was seen to be back within 3
_LONGEST = 500
_LOGIN_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")

Meanings = tuple[tuple[tuple[str, ...], str, str], ...]

# What the engine says (lower case, any of) → our code, and what a person can do. The first that fits counts.
# Texts: dockerd 20.10 to 29, Docker Desktop ("ports are not available"), Windows ("socket in a way forbidden").
ANYWHERE: Meanings = (
    (
        (
            "port is already allocated",
            "address already in use",
            "ports are not available",
            "in a way forbidden by its access permissions",
        ),
        "port_taken",
        "Its port is in use by something else: free the port or choose another.",
    ),
    (
        ("cannot assign requested address",),
        "no_address",
        "The engine's machine does not have the address that instances listen on: correct `listen` of the engine.",
    ),
    (
        ("no space left on device", "not enough space"),
        "disk_full",
        "The engine's disk is full: remove images or containers that are not needed (docker system df shows them).",
    ),
    (
        ("no such image",),
        "no_image",
        "The image is not on the engine: pull it again.",
    ),
)

# While pulling, what the registry said comes through the engine.
PULLING: Meanings = (
    *ANYWHERE,
    (
        ("toomanyrequests", "too many requests"),
        "registry_limit",
        "The registry allows no more pulls for now: wait, or log in for a higher limit.",
    ),
    (
        ("manifest unknown", "manifest for ", "name unknown", "blob unknown", "unknown blob", "no matching manifest"),
        "no_image",
        "There is no such image: it may have been removed from the registry, or was made for another platform.",
    ),
    (
        ("unauthorized", "authentication required", "no basic auth credentials", "denied", "401 ", "403 "),
        "registry_login",
        "The registry refused the login, or the image needs one: check the registry's name and password.",
    ),
    (
        ("x509:", "tls: failed to verify certificate"),
        "registry_certificate",
        "Docker does not trust the registry's certificate: put its authority at /etc/docker/certs.d/HOST:PORT/ca.crt.",
    ),
    (
        (
            "connection refused",
            "no such host",
            "timeout",
            "http response to https client",
            "network is unreachable",
        ),
        "registry_unreachable",
        "The engine could not reach the registry: check its address, and that the engine may use it.",
    ),
    (("not found",), "no_image", "There is no such image: it may have been removed from the registry."),
)


def refused(
    doing: str,
    said: str,
    *,
    code: str | None = None,
    secrets: Iterable[str] = (),
    meanings: Meanings = ANYWHERE,
) -> EngineError:
    """The error for what the engine said while `doing` (“start shop-dev-a1b2c3”); `secrets` are cut out of it.

    Without a `code`, the text decides by `meanings`.
    """
    advice = ""
    if code is None:
        code, advice = _meaning(said, meanings)
    sentence = f"The engine could not {doing}"
    if advice:
        sentence = f"{sentence}. {advice} It said"
    return EngineError(f"{sentence}: {_fit(said, secrets)}", code=code)


def _meaning(said: str, meanings: Meanings) -> tuple[str | None, str]:
    lowered = f"{said.lower()} "
    for texts, code, advice in meanings:
        if any(text in lowered for text in texts):
            return code, advice
    return None, ""


def _fit(said: str, secrets: Iterable[str]) -> str:
    """On one line, short, and without anything secret."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        edge = r"\b" if len(secret) < 4 else ""  # a login named “a” must not make the sentence unreadable
        said = re.sub(edge + re.escape(secret) + edge, "•••", said)
    return _LOGIN_IN_URL.sub("•••@", " ".join(said.split()))[:_LONGEST] or "nothing more"


def too_old(engine: str) -> EngineError:
    """The error for an engine that speaks no version of the API that Forge speaks (1.24, Docker 1.12, is the least)."""
    return EngineError(
        f"Docker at the engine “{engine}” is too old: install Docker 1.12 or later", code="engine_too_old"
    )


def _shown(url: str) -> str:
    """Without a login; who logs in by SSH is no secret."""
    ssh = url.startswith("ssh://") and ":" not in url.removeprefix("ssh://").partition("@")[0]
    return url if ssh else _LOGIN_IN_URL.sub("•••@", url)


def unreachable(engine: str, url: str, error: BaseException | None = None) -> EngineUnavailable:
    """The error for an engine that does not answer; `fault` and advice depend on what the system said."""
    fault = fault_of(error, url)
    unavailable = EngineUnavailable(
        f"The engine “{engine}” does not answer at {_shown(url)}: {fault.text}", retry_after=RETRY_AFTER
    )
    unavailable.fault = fault.code
    return unavailable
