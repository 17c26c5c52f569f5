"""What registries answer with, read with care: manifests, image configurations, lists of tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from forge.domain.image import is_digest, is_tag
from forge.ports import HealthCheck, ImageFacts

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
# One line: some registries read only one of several Accept headers, and answer with another digest.
ACCEPT = ", ".join(INDEXES + MANIFESTS)


def tags_of(answer: Any) -> list[str]:
    """The tags in a page of tags/list; what is no tag is left out, `null` is none."""
    listed = answer.get("tags") if isinstance(answer, dict) else None
    return [tag for tag in listed if isinstance(tag, str) and is_tag(tag)] if isinstance(listed, list) else []


def config_of(manifest: Any) -> str | None:
    """The digest of an image's configuration; None if this is no image's manifest."""
    config = manifest.get("config") if isinstance(manifest, dict) else None
    return _digest_of(config)


def choose_manifest(index: Any) -> str | None:
    """The digest of one image of an index: linux/amd64, else the first; None if it is no index or holds none.

    Attestations (platform unknown/unknown, as BuildKit adds them) are no images.
    """
    listed = index.get("manifests") if isinstance(index, dict) else None
    images = [(_platform(entry), _digest_of(entry)) for entry in listed] if isinstance(listed, list) else []
    images = [image for image in images if image[1] and "unknown" not in image[0]]
    images.sort(key=lambda image: image[0] != ("linux", "amd64"))
    return images[0][1] if images else None


def read_time(text: Any) -> float | None:
    """RFC 3339 as unix seconds; None if it is none, or 1970 or before, which builders write for “not said”."""
    try:
        when = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds > 0 else None


def facts_of(configuration: dict[str, Any], name: str) -> ImageFacts:
    """What an image's configuration (OCI image-spec, config.md) says; `name` is its name@digest."""
    config = configuration.get("config")
    config = config if isinstance(config, dict) else {}
    labels = config.get("Labels")
    return ImageFacts(
        id=name.partition("@")[2],
        digests=(name,),
        ports=_ports(config.get("ExposedPorts")),
        health_check=_health_check(config.get("Healthcheck")),
        labels={str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {},
        created=read_time(configuration.get("created")),
    )


def _ports(exposed: Any) -> tuple[int, ...]:
    names = [str(port).partition("/") for port in exposed] if isinstance(exposed, dict) else []
    numbers = [int(number) for number, _, protocol in names if number.isdigit() and protocol in {"", "tcp"}]
    return tuple(sorted(number for number in numbers if 1 <= number <= 65535))


def _health_check(check: Any) -> HealthCheck | None:
    """Docker's extension of the image configuration; times there are nanoseconds, 0 or missing is the default."""
    test = check.get("Test") if isinstance(check, dict) else None
    if not isinstance(test, list) or len(test) < 2 or test[0] == "NONE":
        return None
    names = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}
    times = {name: check.get(key) for name, key in names.items()}
    given: dict[str, Any] = {name: value / 1e9 for name, value in times.items() if isinstance(value, int) and value > 0}
    retries = check.get("Retries")
    if isinstance(retries, int) and retries > 0:
        given["retries"] = retries
    return HealthCheck(command=tuple(str(word) for word in test), **given)


def _platform(entry: Any) -> tuple[str, str]:
    platform = entry.get("platform") if isinstance(entry, dict) else None
    if not isinstance(platform, dict):
        return "", ""
    return str(platform.get("os", "")), str(platform.get("architecture", ""))


def _digest_of(entry: Any) -> str | None:
    digest = entry.get("digest") if isinstance(entry, dict) else None
    return digest if isinstance(digest, str) and is_digest(digest) else None
