"""Projects, stages and what belongs to them, as they go over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from forge.domain.capabilities import USUAL
from forge.domain.deploy import Deploy, StepRecord
from forge.domain.instance import Instance
from forge.domain.preferences import UnknownImage
from forge.domain.project import HealthKind, VolumeKind
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Strategy, UpdateMode
from forge.ports import LayerProgress

# A number that the store can hold.
Whole = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]


class Wire(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Unknown names are refused rather than ignored: a misspelt setting must not pass for one that has effect."""


class Health(Wire, kw_only=True):
    """How an instance is proven; `timeout` in seconds, null: Forge derives it."""

    kind: HealthKind = HealthKind.AUTO
    path: str | None = None
    timeout: float | None = None


class Volume(Wire, kw_only=True):
    """Storage at `path` inside the instance; `source` is a name (named) or a folder (host), `size` in bytes (tmpfs)."""

    kind: VolumeKind
    path: str
    source: str | None = None
    read_only: bool = False
    exclusive: bool = False
    size: Whole | None = None


class Limits(Wire, kw_only=True):
    """What an instance may use: memory in bytes, processors, processes."""

    memory: Whole | None = None
    cpus: float | None = None
    pids: Whole | None = None


class Update(Wire, kw_only=True):
    """How a new tag goes live; `window` as `mon-fri 02:00-05:00`, `minimum_age` in seconds."""

    mode: UpdateMode = UpdateMode.AUTO
    window: str | None = None
    minimum_age: float = 0


class Tolerance(Wire, kw_only=True):
    """What a bake bears: more than `share` percent of Forge's latest 40 requests failed, and `least` or more, take the
    new instance back.
    """

    share: float = 5
    least: int = 3


class ProjectFields(Wire, kw_only=True):
    """What a project is made of, beside its name, secrets and stages."""

    image: str
    port: int
    registry: str | None = None
    engine: str = "local"
    route: dict[str, str] = {}
    domain: str | None = None
    health: Health = msgspec.field(default_factory=Health)
    environment: dict[str, str] = {}
    volumes: list[Volume] = []
    limits: Limits = msgspec.field(default_factory=Limits)
    capabilities: list[str] = msgspec.field(default_factory=lambda: list(USUAL))
    aliases: list[str] = []
    networks: list[str] = []
    labels: dict[str, str] = {}
    pre_deploy: list[str] = []
    pre_deploy_timeout: float = 600


class StageFields(Wire, kw_only=True):
    """What a stage is made of. `pattern` is `glob:dev-*`, `regex:…` or `semver:^1.2`; `bake`, `drain` and
    `stop_timeout` are in seconds; without `bake` it is 60, and 0 where the first word of the name is dev.
    So is `promote_after`: how long a digest must have served the stage it is promoted from, without a fault.
    """

    pattern: str = "glob:*"
    auto_deploy: bool = True
    max_instances: int = 1
    replicas: int = 1
    promote_from: str | None = None
    promote_after: float = 0
    environment: dict[str, str] = {}
    domain: str | None = None
    update: Update = msgspec.field(default_factory=Update)
    publish: int | None = None
    keep: int = 5
    bake: float | None = None
    tolerance: Tolerance = msgspec.field(default_factory=Tolerance)
    drain: float = 2
    stop_timeout: float = 10


class NewStage(StageFields, kw_only=True):
    """A stage to make; `secrets` are variables whose values are never shown again."""

    name: str
    secrets: dict[str, str] = {}


class ChangedStage(StageFields, kw_only=True):
    """All of a stage: what is left out gets its default. Secrets that are left out stay; null removes one."""

    secrets: dict[str, str | None] = {}


class NewProject(ProjectFields, kw_only=True):
    """A project to make, with its stages. Without `proxy` the settings' default proxy serves it."""

    name: str
    proxy: str | None = None
    secrets: dict[str, str] = {}
    stages: list[NewStage] = []


class ChangedProject(ProjectFields, kw_only=True):
    """All of a project: what is left out gets its default. Secrets that are left out stay; null removes one."""

    proxy: str = "published"
    secrets: dict[str, str | None] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView(Instance):
    """An instance, and the address where a person reaches it while it serves."""

    url: str | None = None


class StageView(StageFields, kw_only=True):
    """A stage as it is: configuration, secrets by name, how deploys run and why, what is there. `address` is the
    domain that it gets, with `tag` for the tag where each has its own; null without a proxy.
    """

    project: str
    name: str
    bake: float
    secrets: list[str]
    address: str | None
    strategy: Strategy
    strategy_reason: str
    instances: list[InstanceView]
    last_deploy: Deploy | None


class ProjectView(ProjectFields, kw_only=True):
    """A project as it is; secrets by name. Not `active`: made from an unknown image, it waits for a person."""

    name: str
    proxy: str
    active: bool
    secrets: list[str]
    stages: list[StageView]


class ApprovedProject(ProjectView, kw_only=True):
    """A project that may deploy now; `decided` is what had waited for that: a tag with a `deploy` is queued."""

    decided: list[Sighting]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployView(Deploy):
    """A deploy with its journal; `replicas`: how many instances it makes. `layers` of its pull are told until it ends.
    `last_words` were kept of a failed candidate: status, exit_code, out_of_memory, restarts, lines, probes.
    `quarantine` says why its digest is not tried again by itself.
    """

    strategy_reason: str = ""
    replicas: int = 1
    steps: list[StepRecord] = field(default_factory=list)
    layers: list[LayerProgress] = field(default_factory=list)
    last_words: Any = None
    quarantine: str | None = None


class Deletion(Wire, kw_only=True):
    """What deleting stops and removes, as said to a person. `images` are those that nothing else needs, `deploys`
    are cancelled. `volumes` go only when asked for: once it is done, those that stay are `kept_volumes` instead.
    """

    stages: list[str]
    instances: list[str]
    volumes: list[str]
    routes: list[str]
    images: list[str]
    deploys: list[str]
    kept_volumes: list[str]


class Volumes(Wire, kw_only=True):
    """`volumes`: named volumes go too, with all that is in them."""

    volumes: bool = False


class DryRun(Wire, kw_only=True):
    """`dry_run`: check it and say what would be, but keep nothing."""

    dry_run: bool = False


class Check(Wire, kw_only=True):
    """One thing that was looked at, and what was found; `ok` null: it decides nothing, or one before it has decided."""

    name: str
    ok: bool | None
    text: str


class Explanation(Wire, kw_only=True):
    """Would a tag be deployed, and why."""

    would: bool
    decision: Decision
    reason: str
    checks: list[Check]


class Settings(Wire, kw_only=True):
    """The settings; what is left out gets its default. `free_disk` in bytes; `backup_hour` by this machine's clock."""

    domain: str = "localhost"
    domain_pattern: str = "{stage}-{project}.{domain}"
    unknown_image: UnknownImage = UnknownImage.CREATE
    default_proxy: str = "published"
    host_paths: list[str] = []
    free_disk: Whole = 1 << 30
    public_url: str = ""
    webhook_signature: bool = False
    receipts: Whole = 1000
    events: Whole = 100_000
    close_to_tray: bool = False
    backup_daily: bool = True
    backup_hour: Whole = 3
    backup_days: Whole = 7
    backup_weeks: Whole = 4
