"""A project: an image repository and how to run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from posixpath import normpath

from forge.domain.capabilities import USUAL, capabilities
from forge.domain.errors import Invalid
from forge.domain.image import parse_image
from forge.domain.names import check_domain_pattern, check_host, check_name

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_ENGINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_HIGHEST_PORT = 65535
_LONGEST_COMMAND = 10_000  # characters


class HealthKind(StrEnum):
    AUTO = "auto"  # the image's HEALTHCHECK, else HTTP if a path is given, else TCP
    IMAGE = "image"  # the image's HEALTHCHECK
    HTTP = "http"  # GET the path: 200 to 399
    TCP = "tcp"  # the port accepts
    RUNNING = "running"  # still running, without a restart, after a while ("stays up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How an instance is proven; `timeout` in seconds until it must be healthy, None: Forge derives it."""

    kind: HealthKind = HealthKind.AUTO
    path: str | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        """Raise Invalid for a path or time-out that cannot work."""
        if self.path is not None and (not self.path.startswith("/") or not self.path.isprintable() or " " in self.path):
            raise Invalid("The health path starts with / and holds no spaces", fields={"health.path": "starts with /"})
        if self.kind is HealthKind.HTTP and self.path is None:
            raise Invalid("An HTTP health check needs a path", fields={"health.path": "missing"})
        if self.timeout is not None and not 0 < self.timeout <= 3600:
            raise Invalid("The health time-out is between 0 and 3600 seconds", fields={"health.timeout": "0 to 3600"})


class VolumeKind(StrEnum):
    NAMED = "named"  # shared by all instances of a stage, kept across deploys
    INSTANCE = "instance"  # made with an instance, removed with it
    HOST = "host"  # a folder of the machine, under the allow-list
    TMPFS = "tmpfs"  # memory
    EXTERNAL = "external"  # one that was on the engine before Forge: used as it is, never removed


_SOURCED = frozenset({VolumeKind.NAMED, VolumeKind.HOST, VolumeKind.EXTERNAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Storage at `path` inside the instance.

    `source`: the name (named, external) or absolute folder (host); None otherwise. `size` in bytes, tmpfs only.
    `exclusive`: two instances may not have it at once, so deploys are in place.
    """

    kind: VolumeKind
    path: str
    source: str | None = None
    read_only: bool = False
    exclusive: bool = False
    size: int | None = None

    def __post_init__(self) -> None:
        """Raise Invalid unless the parts fit the kind."""
        if not _is_absolute(self.path) or _folder(self.path) == "":
            raise Invalid(f"Volume path “{self.path}” must be an absolute folder", fields={"volumes": "absolute path"})
        if (self.kind in _SOURCED) != (self.source is not None):
            raise Invalid(
                "Named, external and host volumes have a source, others have none", fields={"volumes": "source"}
            )
        if self.kind is VolumeKind.EXTERNAL and not _ENGINE_NAME.fullmatch(self.source or ""):
            raise Invalid("An external volume's source is its name on the engine", fields={"volumes": "source"})
        if self.kind is VolumeKind.HOST and not _is_absolute(self.source or ""):
            raise Invalid("A host volume's source is an absolute folder without ..", fields={"volumes": "source"})
        if self.size is not None and (self.kind is not VolumeKind.TMPFS or self.size < 1):
            raise Invalid("Only tmpfs volumes have a size, of 1 byte or more", fields={"volumes": "size"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an instance may use: memory in bytes, processors as a number (0.5), processes."""

    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None

    def __post_init__(self) -> None:
        """Raise Invalid for limits below what Docker takes (6 MiB of memory)."""
        if self.memory is not None and self.memory < 6 << 20:
            raise Invalid("The memory limit is at least 6 MiB (6291456)", fields={"limits.memory": "too small"})
        if self.cpus is not None and not 0.01 <= self.cpus <= 1024:
            raise Invalid("The processor limit is at least 0.01", fields={"limits.cpus": "too small"})
        if self.pids is not None and self.pids < 1:
            raise Invalid("The process limit is at least 1", fields={"limits.pids": "too small"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """See the module. `image` is registry/path without tag; `registry`, `engine`, `proxy` name connections
    (registry None: found by the image's host). `secrets` are names of environment variables whose
    values are in the vault. `capabilities` are all that its instances have. `networks` were on the engine before
    Forge: its instances join them, to reach who is there. `domain` overrides the base domain of the settings. `route`
    is what is asked of the proxy for its domains, in the words of the proxy's kind. `pre_deploy`: what runs once from
    the new image before its instance starts (migrations), as `docker run IMAGE WORDS…` would, within
    `pre_deploy_timeout` seconds; empty: nothing. `active` False: it was made from an unknown image and waits for a
    person.
    """

    name: str
    image: str
    port: int
    registry: str | None = None
    engine: str = "local"
    proxy: str = "published"
    route: Mapping[str, str] = field(default_factory=dict)
    domain: str | None = None
    health: Health = field(default_factory=Health)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    limits: Limits = field(default_factory=Limits)
    capabilities: tuple[str, ...] = USUAL
    aliases: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    pre_deploy: tuple[str, ...] = ()
    pre_deploy_timeout: float = 600
    active: bool = True

    def __post_init__(self) -> None:
        """Raise Invalid with the field at fault."""
        check_name(self.name, "project")
        image = parse_image(self.image)
        if image.tag or image.digest:
            raise Invalid(
                "A project's image has no tag or digest: its stages choose the tags", fields={"image": "no tag"}
            )
        object.__setattr__(self, "image", image.name)
        if not 1 <= self.port <= _HIGHEST_PORT:
            raise Invalid("The port is between 1 and 65535", fields={"port": "1 to 65535"})
        check_environment(self.environment, self.secrets)
        object.__setattr__(self, "capabilities", capabilities(self.capabilities))
        if self.domain is not None:
            check_host(self.domain)
        for alias in self.aliases:
            check_host(alias, "aliases")
        _check_labels(self.labels)
        self._check_pre_deploy()
        _check_networks(self.networks)
        for volume in self.volumes:
            if volume.kind is VolumeKind.NAMED:  # here, not in Volume: engines have longer names for them
                check_name(volume.source or "", "volume", "volumes")
        if len({_folder(v.path) for v in self.volumes}) != len(self.volumes):
            raise Invalid("Two volumes have the same path", fields={"volumes": "path twice"})

    @property
    def beyond(self) -> tuple[object, ...]:
        """What of it reaches for what others have too: who may change this project alone does not change that."""
        theirs = [volume for volume in self.volumes if volume.kind in {VolumeKind.HOST, VolumeKind.EXTERNAL}]
        asked = self.engine, self.registry, self.image, self.proxy, dict(self.route)
        return *asked, set(self.aliases), set(self.networks), dict(self.labels), theirs

    def _check_pre_deploy(self) -> None:
        if any("\0" in word for word in self.pre_deploy) or sum(map(len, self.pre_deploy)) > _LONGEST_COMMAND:
            raise Invalid(
                f"The pre-deploy command has at most {_LONGEST_COMMAND} characters, and no NUL",
                fields={"pre_deploy": "too long"},
            )
        if not 1 <= self.pre_deploy_timeout <= 86400:
            raise Invalid(
                "The pre-deploy command may take 1 second to 1 day", fields={"pre_deploy_timeout": "1 to 86400"}
            )


def check_environment(environment: Mapping[str, str], secrets: tuple[str, ...]) -> None:
    """Raise Invalid for a name that cannot be a variable, a NUL, or a name given both ways."""
    for field_name, pairs in (("environment", environment), ("secrets", dict.fromkeys(secrets, ""))):
        for name, value in pairs.items():
            if not _VARIABLE.fullmatch(name) or "\0" in value:
                raise Invalid(f"“{name[:60]}” cannot be an environment variable", fields={field_name: name[:60]})
    twice = sorted(set(environment) & set(secrets))
    if twice:
        raise Invalid(f"“{twice[0]}” is both a plain and a secret variable", fields={"secrets": twice[0]})


def check_pattern_or_none(pattern: str | None) -> None:
    """Raise Invalid for a domain pattern that cannot become a DNS name."""
    if pattern is not None:
        check_domain_pattern(pattern)


def _check_labels(labels: Mapping[str, str]) -> None:
    for name, value in labels.items():
        if name.startswith("forge.") or not name or not name.isprintable() or "\0" in value:
            raise Invalid(f"Label “{name[:60]}” is not allowed: forge.* is Forge's own", fields={"labels": name[:60]})


def _check_networks(networks: tuple[str, ...]) -> None:
    for network in networks:
        if not _ENGINE_NAME.fullmatch(network) or network in {"host", "none"}:
            raise Invalid(f"“{network[:60]}” is no network to join", fields={"networks": network[:60]})


def _folder(path: str) -> str:
    """The same for `/data`, `//data` and `/data/.`; empty for the root."""
    return normpath(path).strip("/")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") and "\0" not in path and ":" not in path and ".." not in path.split("/")
