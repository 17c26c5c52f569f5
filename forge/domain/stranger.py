"""A container that Forge did not make, in Forge's words as far as it has some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forge.domain.capabilities import DOCKERS
from forge.domain.project import Limits, Volume
from forge.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Port `publish` of the machine, at address `host`, leads to `port` inside; `kind` is tcp, udp or sctp."""

    port: int
    publish: int
    host: str = ""
    kind: str = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """What a list shows of it. `image` as it was asked for; `status` as the engine says it; `created` in unix seconds.
    `group` is the Compose project that it belongs to.
    """

    id: str
    name: str
    image: str
    status: str
    created: float
    ports: tuple[Publication, ...] = ()
    networks: tuple[str, ...] = ()
    group: str | None = None

    @property
    def running(self) -> bool:
        return self.status == "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """Something of it that Forge cannot take over: `what` for programs, `text` the sentence."""

    what: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerFacts:
    """All of it. `image_id` is the image that it runs. `environment` holds what the image does not say itself, and all
    of it is secret until somebody knows better. `restart` is the engine's word for its policy. `capabilities` are
    those of it that Forge can give. `fleeting`: the engine removes it as soon as it stops.
    """

    stranger: Stranger
    image_id: str
    environment: Mapping[str, Secret] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    limits: Limits = field(default_factory=Limits)
    aliases: tuple[str, ...] = ()
    restart: str = "no"
    capabilities: tuple[str, ...] = DOCKERS
    fleeting: bool = False
    beyond: tuple[Beyond, ...] = ()
