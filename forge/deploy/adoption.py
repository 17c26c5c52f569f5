"""What Forge would take over from somebody else's container: pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from forge.deploy.quick import suggest_health, suggest_port, suggest_stage
from forge.domain.capabilities import DOCKERS
from forge.domain.errors import Invalid
from forge.domain.image import Image, is_digest, parse_image
from forge.domain.project import Health, Limits, Volume, check_environment
from forge.domain.secret import Secret
from forge.domain.stranger import Beyond, Stranger, StrangerFacts
from forge.domain.tags import TagPattern
from forge.ports import ImageFacts

_SECRET_NAME = re.compile(
    r"PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|AUTH|PRIVATE|SALT|CERT|DSN|COOKIE|SIGN|LICENSE|CONNECTION|WEBHOOK"
)
_HARMLESS_URL = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9_.:\[\]-]+(?:/[A-Za-z0-9_./-]{0,40})?")
_PLAIN = re.compile(r"[A-Za-z0-9_ .,:/+-]{0,40}")
_DOCKERS_OWN = frozenset({"bridge", "host", "none"})
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_+-]{12,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of its environment by name; `secret`: it looks like one, and is kept as one."""

    name: str
    secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be taken over, for a person to look at; no values of variables. `obstacle` says why it cannot be done
    at all. `publish` is the port of this machine it has now, and `port` the one inside. `neighbours` are reached by
    name on its networks. `host_paths` would have to be allowed. `why` explains each guess.
    """

    container: Stranger
    name: str
    image: str = ""
    tag: str = ""
    digest: str = ""
    stage: str = "prod"
    pattern: TagPattern | None = None
    port: int = 0
    publish: int | None = None
    health: Health = field(default_factory=Health)
    variables: tuple[Variable, ...] = ()
    volumes: tuple[Volume, ...] = ()
    host_paths: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = DOCKERS
    limits: Limits = field(default_factory=Limits)
    aliases: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    restart: str = "no"
    neighbours: tuple[str, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    why: tuple[str, ...] = ()
    obstacle: str | None = None


def make_plan(facts: StrangerFacts, image: ImageFacts | None, others: Sequence[Stranger], name: str) -> Plan:
    """The plan for a stranger that runs `image`; `others` are the engine's other strangers."""
    found = pinned(facts.stranger.image, image)
    if image is None or found is None:
        return Plan(container=facts.stranger, name=name, obstacle=_NOWHERE)
    stage, pattern, stage_why = suggest_stage(found.tag or "latest")
    port, publish, port_why = _port(facts.stranger, image)
    health, health_why = suggest_health(image)
    return Plan(
        container=facts.stranger,
        name=name,
        image=found.name,
        tag=found.tag or "latest",
        digest=found.digest or "",
        stage=stage,
        pattern=pattern,
        port=port,
        publish=publish,
        health=health,
        variables=tuple(
            Variable(name=one, secret=looks_secret(one, value))
            for one, value in sorted(facts.environment.items())
            if can_be_named(one)
        ),
        volumes=facts.volumes,
        limits=facts.limits,
        capabilities=facts.capabilities,
        aliases=facts.aliases,
        networks=_networks(facts.stranger),
        restart=facts.restart,
        neighbours=_neighbours(facts.stranger, others),
        beyond=(*facts.beyond, *_left(facts, port)),
        why=(port_why, health_why, stage_why),
    )


_NOWHERE = (
    "Its image is in no registry: it was built on this machine, or is gone. "
    "Push it to a registry, and make a project of it."
)


def pinned(reference: str, image: ImageFacts | None) -> Image | None:
    """The image by name, tag and digest, as a registry knows it; None if no registry does."""
    digests = [parse_image(one) for one in image.digests if "@" in one] if image else []
    try:
        asked = parse_image(reference)
    except Invalid:  # an id: the tag it was started by has moved on
        asked = None
    for one in digests:
        if asked is None or is_digest(reference):
            return replace(one, tag=(one.digest or "")[7:19])
        if one.name == asked.name:
            return replace(one, tag=asked.tag or ("latest" if asked.digest is None else asked.digest[7:19]))
    return None


def looks_secret(name: str, value: Secret) -> bool:
    """Whether a variable is better kept as a secret: its name says so, or its value is not plainly harmless."""
    text = value.reveal()
    if _SECRET_NAME.search(name.upper()):
        return True
    if _HARMLESS_URL.fullmatch(text):
        return False
    return not _PLAIN.fullmatch(text) or _RANDOM.fullmatch(text) is not None


def can_be_named(name: str) -> bool:
    """Whether Forge can give a variable of this name."""
    try:
        check_environment({name: ""}, ())
    except Invalid:
        return False
    return True


def _port(stranger: Stranger, image: ImageFacts) -> tuple[int, int | None, str]:
    """(port inside, port of this machine, why)."""
    for one in stranger.ports:
        if one.kind == "tcp":
            return one.port, one.publish, f"port {one.port}: it is published at {one.publish} now"
    port, why = suggest_port(image)
    return port, None, why


def _neighbours(stranger: Stranger, others: Sequence[Stranger]) -> tuple[str, ...]:
    """Who is on a network of theirs; on Docker's default bridge nobody is reached by name."""
    networks = set(_networks(stranger))
    return tuple(one.name for one in others if one.id != stranger.id and networks & set(one.networks))


def _networks(stranger: Stranger) -> tuple[str, ...]:
    return tuple(name for name in stranger.networks if name not in _DOCKERS_OWN)


def _left(facts: StrangerFacts, port: int) -> list[Beyond]:
    """What cannot be taken over because of how Forge runs things."""
    found = []
    ports = [one for one in facts.stranger.ports if (one.port, one.kind) != (port, "tcp")]
    if ports:
        said = ", ".join(f"{one.publish} to {one.port}/{one.kind}" for one in ports)
        found.append(Beyond(what="ports", text=f"More published ports ({said}): Forge leads people to one."))
    odd = [name for name in facts.environment if not can_be_named(name)]
    if odd:
        found.append(Beyond(what="variables", text=f"Variables with names that Forge does not take ({len(odd)})."))
    return found
