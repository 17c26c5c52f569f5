"""What the engine's JSON means in our words: nothing here talks to an engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from forge.domain.errors import Invalid
from forge.domain.image import parse_image
from forge.domain.metrics import Usage
from forge.ports import EngineEvent, HealthCheck, ImageFacts, InstanceState, LayerProgress

Json = Mapping[str, Any]

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
_NEVER = "0001-"  # Go's zero time
_ALIVE = frozenset({"created", "running", "paused"})
_LAYER_STATUS = {
    "Pulling fs layer": "waiting",
    "Waiting": "waiting",
    "Downloading": "pulling",
    "Verifying Checksum": "pulling",
    "Download complete": "pulling",
    "Extracting": "extracting",
    "Pull complete": "done",
    "Already exists": "exists",
}


def unix_time(text: str | None) -> float | None:
    """Seconds of an RFC 3339 time with any number of decimals; None for none, and for Go's zero time."""
    found = _TIME.fullmatch(text or "")
    if not found or found[0].startswith(_NEVER):
        return None
    whole = datetime.fromisoformat(found[1] + ("+00:00" if found[3] == "Z" else found[3]))
    return whole.astimezone(UTC).timestamp() + float(found[2] or 0)


def instance(body: Json) -> InstanceState:
    """`GET /containers/{id}/json`."""
    state, config = body["State"], body["Config"]
    status = "dead" if state["Status"] == "removing" else state["Status"]
    return InstanceState(
        id=body["Id"],
        name=body["Name"].removeprefix("/"),
        labels=config.get("Labels") or {},
        image=config["Image"],
        status=status,
        health=_health(state),
        exit_code=None if status in _ALIVE else state["ExitCode"],
        out_of_memory=bool(state.get("OOMKilled")),
        restarts=body.get("RestartCount", 0),
        published=_published(body),
        created=unix_time(body["Created"]) or 0,
        started=unix_time(state.get("StartedAt")),
        ended=None if status in _ALIVE else unix_time(state.get("FinishedAt")),
    )


def _health(state: Json) -> str | None:
    status = (state.get("Health") or {}).get("Status")
    return status if status in {"starting", "healthy", "unhealthy"} else None


def _published(body: Json) -> int | None:
    address = published_address(body)
    return address[1] if address else None


def published_address(body: Json, port: int | None = None) -> tuple[str, int] | None:
    """Address and port on the engine's machine of the first binding (of `port`, if given); also while it is stopped."""
    for ports in (body["NetworkSettings"].get("Ports"), body["HostConfig"].get("PortBindings")):
        for inside, bindings in (ports or {}).items():
            if port is not None and inside != f"{port}/tcp":
                continue
            for binding in bindings or ():
                if binding.get("HostPort", "").isdigit() and int(binding["HostPort"]):
                    return binding.get("HostIp", ""), int(binding["HostPort"])
    return None


def last_health_output(body: Json) -> str:
    """What the last run of the image's HEALTHCHECK printed, on one line, at most 200 characters."""
    runs = (body["State"].get("Health") or {}).get("Log") or []
    return " ".join(str(runs[-1].get("Output", "")).split())[:200] if runs else ""


def image(body: Json) -> ImageFacts:
    """`GET /images/{name}/json`. Names are in full: docker.io/library/nginx, where Docker says nginx."""
    config = body.get("Config") or {}
    ports = (text.partition("/") for text in config.get("ExposedPorts") or {})
    return ImageFacts(
        id=body["Id"],
        digests=tuple(full_name(digest) for digest in body.get("RepoDigests") or ()),
        ports=tuple(sorted(int(number) for number, _, kind in ports if kind in {"", "tcp"} and number.isdigit())),
        health_check=_health_check(config.get("Healthcheck") or {}),
        labels=config.get("Labels") or {},
        size=body.get("Size", 0),
        created=unix_time(body.get("Created")),
    )


def listed_image(body: Json) -> ImageFacts:
    """One of `GET /images/json`, which tells less: neither ports nor a health check."""
    return ImageFacts(
        id=body["Id"],
        digests=tuple(full_name(digest) for digest in body.get("RepoDigests") or ()),
        labels=body.get("Labels") or {},
        size=body.get("Size", 0),
        created=float(body["Created"]) if body.get("Created") else None,
    )


def full_name(reference: str) -> str:
    """The reference with its registry, so that names can be compared; what is no reference stays as it is."""
    try:
        return str(parse_image(reference))
    except Invalid:
        return reference


def _health_check(check: Json) -> HealthCheck | None:
    """Durations are in nanoseconds, 0 means Docker's default (30 s, 30 s, 0 s, 3 times)."""
    test = check.get("Test") or ["NONE"]
    if test[0] == "NONE":
        return None
    return HealthCheck(
        command=tuple(test[1:]),
        interval=(check.get("Interval") or 30e9) / 1e9,
        timeout=(check.get("Timeout") or 30e9) / 1e9,
        start_period=(check.get("StartPeriod") or 0) / 1e9,
        retries=check.get("Retries") or 3,
    )


def event(body: Json) -> EngineEvent:
    """A line of `GET /events`; what Docker adds to the container's labels stays among them."""
    attributes = body["Actor"].get("Attributes") or {}
    code = attributes.get("exitCode", "")
    return EngineEvent(
        at=body.get("timeNano", 0) / 1e9 or float(body.get("time", 0)),
        action=body["Action"],
        id=body["Actor"]["ID"],
        labels=attributes,
        exit_code=int(code) if code.isdigit() else None,
    )


def usage(body: Json) -> Usage | None:
    """`GET /containers/{id}/stats`; None for a container that does not run."""
    at = unix_time(body.get("read"))
    cpu = (body.get("cpu_stats") or {}).get("cpu_usage") or {}
    if at is None or "total_usage" not in cpu:
        return None
    networks = (body.get("networks") or {}).values()  # none where it shares the machine's
    return Usage(
        at=at,
        cpu=cpu["total_usage"] / 1e9,
        memory=_memory(body.get("memory_stats") or {}),
        received=sum(one["rx_bytes"] for one in networks) if networks else None,
        sent=sum(one["tx_bytes"] for one in networks) if networks else None,
    )


def _memory(memory: Json) -> int | None:
    """Without the page cache that the kernel can take back, as `docker stats` tells it (docker/cli, stats_helpers.go):
    cgroup v1 calls that total_inactive_file, v2 inactive_file.
    """
    used: int | None = memory.get("usage")
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return used - cache if used is not None and cache < used else used


def layer(line: Json) -> LayerProgress | None:
    """A line of a pull; None if it is about no layer."""
    status = line.get("status", "")
    known = "waiting" if status.startswith("Retrying") else _LAYER_STATUS.get(status)
    if known is None or not line.get("id"):
        return None
    sizes = line.get("progressDetail") or {}
    return LayerProgress(
        id=line["id"], status=known, current=sizes.get("current", 0) or 0, total=max(sizes.get("total", 0) or 0, 0)
    )
