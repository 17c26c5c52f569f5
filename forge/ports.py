"""The three ports: engine, registry, proxy, and the values they speak.

Every call is idempotent: asking for what already holds is no error. An adapter translates errors once,
at its edge, into EngineError/EngineUnavailable, RegistryError/RegistryUnavailable,
ProxyError/ProxyUnavailable (forge.domain.errors) with a sentence for a person and no secret in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from forge.domain.capabilities import USUAL
from forge.domain.metrics import Usage
from forge.domain.project import HealthKind, Limits, Volume
from forge.domain.route import Reach, Route, Target
from forge.domain.secret import Secret
from forge.domain.stranger import Stranger, StrangerFacts

# Labels on everything Forge makes on an engine. What lacks HOME, or has another's, is a stranger's.
HOME_LABEL = "forge.home"
PROJECT_LABEL = "forge.project"
STAGE_LABEL = "forge.stage"
INSTANCE_LABEL = "forge.instance"
DEPLOY_LABEL = "forge.deploy"
ONCE_LABEL = "forge.once"  # beside an instance's other labels: what ran for it once, and was not it


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A name and password for a registry."""

    username: str
    password: Secret


# ---- engine


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineVersion:
    """What the engine says of itself; `api` is the version in use, `api_min`..`api_max` what it speaks."""

    version: str
    api: str
    api_min: str
    api_max: str
    system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerProgress:
    """A layer of a pull. `status`: waiting, pulling, extracting, done, exists. Sizes in bytes, total 0 if unknown."""

    id: str
    status: str
    current: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """An image's HEALTHCHECK; times in seconds, Docker's defaults filled in."""

    command: tuple[str, ...]
    interval: float = 30
    timeout: float = 30
    start_period: float = 0
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What an image on the engine says of itself. `digests` are its repository digests (name@sha256:…)."""

    id: str
    digests: tuple[str, ...]
    ports: tuple[int, ...] = ()
    health_check: HealthCheck | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    created: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpec:
    """All that is wanted of one container. `image` is name@digest. `publish` is the port on the engine's
    machine that leads to `port`, `publish_host` the address it listens on, `publish_also` more of them. `labels` hold
    Forge's own. `links`: the names by which it finds others on `network`, each with the container's name;
    `networks` are there already, and it is known there by its name only. Named and instance volumes arrive with
    the engine's name for them in `source`. `stop_timeout` in seconds. `command`: what runs instead of the image's
    own. `capabilities` are all it has. `once`: it runs to its end, is not started again, and listens nowhere.
    """

    name: str
    image: str
    port: int
    publish: int
    labels: Mapping[str, str]
    publish_host: str = "127.0.0.1"
    publish_also: tuple[str, ...] = ()
    environment: Mapping[str, str | Secret] = field(default_factory=dict)
    network: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    limits: Limits = field(default_factory=Limits)
    capabilities: tuple[str, ...] = USUAL
    stop_timeout: float = 10
    command: tuple[str, ...] = ()
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceState:
    """A container as the engine sees it now. `status`: created, running, paused, restarting, exited, dead.
    `health`: starting, healthy, unhealthy, or None without a HEALTHCHECK. `published` is the port on this
    machine. Times are unix seconds.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    image: str
    status: str
    health: str | None = None
    exit_code: int | None = None
    out_of_memory: bool = False
    restarts: int = 0
    published: int | None = None
    created: float = 0
    started: float | None = None
    ended: float | None = None

    @property
    def running(self) -> bool:
        return self.status == "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line an instance wrote; `stream` is out or err, `at` unix seconds."""

    at: float
    stream: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """The engine says that a container changed. `action`: create, start, die, oom, stop, kill, destroy,
    health_status: healthy, …; `labels` are the container's. `exit_code` comes with die.
    """

    at: float
    action: str
    id: str
    labels: Mapping[str, str]
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question to an instance: how, where, and how long to wait (seconds)."""

    kind: HealthKind
    path: str | None = None
    timeout: float = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """`healthy` True, False, or None: not yet to be told. `text` is for a person: “200 in 3 ms”."""

    healthy: bool | None
    text: str
    milliseconds: float


class Engine(Protocol):
    """Where containers run. `id` is a container's id on the engine."""

    def version(self) -> EngineVersion: ...

    def ping(self) -> None:
        """Raise EngineUnavailable unless the engine answers; the quickest question there is."""

    def reach(self) -> Reach:
        """Where what it runs is reached; asks the engine nothing. EngineError if that cannot be known."""

    def free_disk(self) -> int | None:
        """Bytes free where images are kept; None if that cannot be known from here."""

    def pull(
        self, image: str, login: Login | None, progress: Callable[[LayerProgress], None], cancelled: Callable[[], bool]
    ) -> None:
        """Pull `image` (name@digest) and check that it is there by that digest; EngineError on any error line.

        No request to the registry if it is there already. When `cancelled()` turns true: stop, raise EngineError.
        """

    def image(self, image: str) -> ImageFacts | None:
        """What is known of `image` (name@digest, name:tag or its id) on the engine; None if it is not there."""

    def images(self, name: str) -> tuple[ImageFacts, ...]:
        """All images on the engine of the repository `name` (registry/path); without ports and health check."""

    def remove_image(self, image: str) -> None:
        """Remove `image`; no error if it is not there or something still uses it."""

    def create(self, spec: InstanceSpec) -> str:
        """Create a container (not started), and what it needs: network, volumes. If one with that name and the
        same labels is there already, return that one's id; EngineError if the name is a stranger's.
        """

    def start(self, id: str) -> None:
        """Start; EngineError with code `port_taken` if its port on this machine is in use."""

    def stop(self, id: str, timeout: float) -> None:
        """Stop signal, then kill after `timeout` seconds. No error if it is gone."""

    def restart(self, id: str, timeout: float) -> None: ...

    def remove(self, id: str) -> None:
        """Remove with its anonymous and per-instance volumes, running or not. No error if it is gone."""

    def differences(self, id: str, spec: InstanceSpec) -> tuple[str, ...]:
        """What the engine did not make as `spec` says, a phrase each, without any secret; EngineError if it is gone."""

    def join(self, id: str, network: str, aliases: tuple[str, ...], labels: Mapping[str, str]) -> None:
        """From now on `aliases` lead to it for whoever joined `network`, which is made with `labels` if it is not
        there and leads nowhere outside. What it listens on and is connected to is not disturbed.
        """

    def leave(self, id: str, network: str) -> None:
        """Take `join` back. No error if it is gone or never joined."""

    def inspect(self, id: str) -> InstanceState | None: ...

    def find(self, labels: Mapping[str, str]) -> tuple[InstanceState, ...]:
        """All containers, running or not, that carry every one of `labels`, newest first."""

    def strangers(self) -> tuple[Stranger, ...]:
        """All containers, running or not, that no Forge made, by name."""

    def describe(self, id: str) -> StrangerFacts | None:
        """All of one stranger; None if it is gone, or is no stranger."""

    def probe(self, id: str, port: int, probe: Probe) -> ProbeResult:
        """Ask the instance once whether it is healthy; the adapter decides how to reach it. Never raises for an
        instance that does not answer: that is a result.
        """

    def stats(self, id: str) -> Usage | None:
        """What a container has used since its start; None unless it runs. Leaves nothing open; may
        take a second, but for many asked at once not longer.
        """

    def logs(
        self, id: str, *, tail: int | None = None, since: float | None = None, follow: bool = False
    ) -> AbstractContextManager[Iterator[LogLine]]:
        """Lines, oldest first; leaving the context ends a follower and closes the engine's stream."""

    def events(self, since: float | None = None) -> AbstractContextManager[Iterator[EngineEvent]]:
        """Container events as they happen, from `since` (unix seconds) on; EngineUnavailable when the engine
        goes away.
        """

    def free_port(self, taken: frozenset[int]) -> int:
        """A port on this machine that nothing uses now, not in `taken`, outside the ephemeral range."""

    def remove_network(self, name: str) -> None:
        """No error if it is gone or in use."""

    def remove_volume(self, name: str) -> None:
        """No error if it is gone; EngineError if it is in use."""

    def volumes(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Names of all volumes that carry every one of `labels`."""

    def networks(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Names of all networks that carry every one of `labels`."""

    def close(self) -> None:
        """End every open stream and connection."""


# ---- registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a registry's rate-limit headers said: `limit` and `remaining` per `window` seconds; `until`
    unix seconds before which it asks not to be asked again.
    """

    limit: int | None = None
    remaining: int | None = None
    window: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryReport:
    """The answer to "test". `fault`: "" if all is well, else one of name, connect, certificate, login,
    repository, limit, answer; `text` is the sentence, and says what to do.
    """

    ok: bool
    text: str
    fault: str = ""
    quota: Quota | None = None


class Registry(Protocol):
    """Where images come from; `repository` is the path without the host."""

    def test(self, repository: str | None = None) -> RegistryReport:
        """Ask, and say exactly what is wrong; never raises."""

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags, all pages. RegistryError with code `no_repository` if there is no such repository."""

    def digest(self, repository: str, tag: str) -> str | None:
        """What `tag` means now, by HEAD; None if there is no such tag. Never a GET of the manifest."""

    def created(self, repository: str, digest: str) -> float | None:
        """When the image was made (unix seconds), from its configuration. Costs a counted GET: only for ordering."""

    def inspect(self, repository: str, digest: str) -> ImageFacts:
        """What an image says of itself, from its configuration. Costs counted GETs: only when a person or a new
        image asks.
        """

    def quota(self) -> Quota | None:
        """What the last answers said of limits."""

    def login(self) -> Login | None:
        """What the engine needs to pull."""

    def close(self) -> None: ...


# ---- proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyReport:
    """The answer to "test"; `text` is the sentence, and says what to do. `fault`: "" if all is well or the sentence
    has to do, else one of connect, login, answer.
    """

    ok: bool
    text: str
    version: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back through the proxy. `target` is who answered, None if the proxy itself did or cannot say."""

    status: int
    target: Target | None
    milliseconds: float


class Proxy(Protocol):
    """Who sends people to an instance. Only routes that Forge made are seen or changed."""

    def test(self) -> ProxyReport:
        """Ask, and say exactly what is wrong; never raises."""

    def routes(self) -> tuple[Route, ...]:
        """The routes that Forge made and the proxy has now."""

    def prepare(self, route: Route) -> str:
        """Get what `route` needs before people can be sent there, such as a certificate that its options ask for; may
        take minutes. Say what was done, "" if nothing had to be.
        """

    def point(self, route: Route, *, again: bool = False) -> None:
        """From now on `route.domain` is answered by `route.targets`, each in turn while it answers; `again`: tell the
        proxy although that holds. ProxyError `domain_taken`: it is somebody else's, and not to be taken over.
        """

    def remove(self, domain: str) -> None:
        """Take Forge's route for `domain` away. No error if there is none; a stranger's is left alone."""

    def ask(self, route: Route, path: str = "/", timeout: float = 5) -> Answer:
        """Request `path` of `route.domain` as people would, through the proxy, at its own address: the domain need
        not resolve here. ProxyUnavailable if it does not answer.
        """

    def url(self, route: Route) -> str:
        """Where a person reaches `route`: http://dev-shop.example.org, http://127.0.0.1:8080."""

    def close(self) -> None: ...
