"""Image references: where an image lives, by tag or by digest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge.domain.errors import Invalid

DOCKER_HUB = "docker.io"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PATH = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_HOST = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?")
_LONGEST = 255


def is_digest(text: str) -> bool:
    """Whether `text` is a digest Forge pins by (sha256)."""
    return bool(_DIGEST.fullmatch(text))


def is_tag(text: str) -> bool:
    """Whether `text` is a tag after the OCI distribution specification."""
    return bool(_TAG.fullmatch(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A reference such as `ghcr.io/org/shop:v1@sha256:…`; `str()` gives it back in full.

    `registry` is host[:port], never empty; `repository` is the path; Docker Hub's one-word
    images are `docker.io` and `library/NAME`.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return self.name + tag + digest

    def pinned(self, digest: str) -> str:
        """The reference a deploy pulls and creates by: name@digest."""
        return f"{self.name}@{digest}"


def parse_image(text: str) -> Image:
    """Read a reference as Docker does (distribution/reference): the first part is a registry if it
    has a dot, a colon or is `localhost`; otherwise the image is Docker Hub's. Raise Invalid.
    """
    rest, at, digest = text.strip().partition("@")
    if at and not is_digest(digest):
        raise Invalid(
            f"“{text[:80]}”: the digest must be sha256: and 64 hexadecimal digits", fields={"image": "bad digest"}
        )
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not is_tag(tag):
        raise Invalid(f"“{text[:80]}”: “{tag[:40]}” is no tag", fields={"image": "bad tag"})
    registry, repository = _split(head + slash + last)
    if len(registry) + len(repository) > _LONGEST or not _PATH.fullmatch(repository) or not _HOST.fullmatch(registry):
        raise Invalid(
            f"“{text[:80]}” is no image name: write it as registry/path, in lower case",
            fields={"image": "not an image name"},
        )
    return Image(registry=registry, repository=repository, tag=tag or None, digest=digest or None)


def _split(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, name
    if registry in {"index.docker.io", "registry-1.docker.io"}:
        registry = DOCKER_HUB
    if registry == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository
