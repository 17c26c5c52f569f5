"""Names a person can say, and the DNS names made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge.domain.errors import Invalid

LABEL_LENGTH = 63  # RFC 1035 §2.3.4
NAME_LENGTH = 253
DEFAULT_DOMAIN_PATTERN = "{stage}-{project}.{domain}"

_SLUG = re.compile(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PLACES = frozenset({"stage", "project", "domain", "tag"})


def check_name(name: str, what: str, field: str = "name") -> str:
    """Return `name` if it can name a project, stage or connection; raise Invalid otherwise.

    At most 40 characters: lower-case letters, digits and dashes, a letter first, no dash last.
    """
    if not _SLUG.fullmatch(name):
        raise Invalid(
            f"“{name[:60]}” cannot name a {what}: use up to 40 lower-case letters, digits and dashes, a letter first",
            fields={field: "lower-case letters, digits and dashes, a letter first, at most 40"},
        )
    return name


def check_host(name: str, field: str = "domain") -> str:
    """Return `name` in lower case if it is a DNS name; raise Invalid otherwise."""
    lowered = name.lower().removesuffix(".")
    if len(lowered) > NAME_LENGTH or not _HOST.fullmatch(lowered):
        raise Invalid(f"“{name[:80]}” is no domain name", fields={field: "not a domain name"})
    return lowered


def dns_label(text: str) -> str:
    """Make `text` safe as (part of) a DNS label: `v1.2_RC` → `v1-2-rc`; never longer than 63."""
    safe = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return safe[:LABEL_LENGTH].rstrip("-") or "x"


def check_domain_pattern(pattern: str, field: str = "domain") -> str:
    """Raise Invalid unless `pattern` holds only known placeholders and can become a DNS name."""
    unknown = sorted(set(_PLACEHOLDER.findall(pattern)) - _PLACES)
    if unknown:
        raise Invalid(
            f"The domain pattern has an unknown placeholder {{{unknown[0][:40]}}}: "
            "use {stage}, {project}, {tag}, {domain}",
            fields={field: "unknown placeholder"},
        )
    check_host(_PLACEHOLDER.sub("x", pattern), field)
    return pattern


def domain_name(pattern: str, values: Mapping[str, str], *, tag: str | None = None) -> str:
    """Fill `pattern` with stage, project and domain, and `tag` if each tag has a domain of its own.

    A pattern without `{tag}` gets `-{tag}` at the end of its first label, or a label `{tag}` of its own before
    the base domain where that comes first (else `example.org` would become a stranger's name). Labels are cut at 63
    characters; two tags that collide after the cut are told apart by whoever owns the routes.
    """
    if tag is not None and "{tag}" not in pattern:
        first, dot, rest = pattern.partition(".")
        pattern = f"{{tag}}.{pattern}" if "{domain}" in first else f"{first}-{{tag}}{dot}{rest}"
    filled = {**values, "tag": dns_label(tag) if tag is not None else ""}
    name = _PLACEHOLDER.sub(lambda found: filled[found.group(1)], pattern)
    labels = [part[:LABEL_LENGTH].strip("-") for part in name.lower().split(".")]
    return check_host(".".join(labels))
