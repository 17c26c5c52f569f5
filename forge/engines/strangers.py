"""Somebody else's container in Forge's words, and what Forge has no word for: nothing here talks to an engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from forge.domain.capabilities import DOCKERS
from forge.domain.errors import Invalid
from forge.domain.names import check_host
from forge.domain.project import Limits, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.domain.stranger import Beyond, Publication, Stranger, StrangerFacts
from forge.engines.reading import unix_time

Json = Mapping[str, Any]

_COMPOSE = "com.docker.compose."
_SOCKETS = frozenset({"/var/run/docker.sock", "/run/docker.sock"})
_USUAL_SHM = 64 << 20
_OWN = frozenset({None, "", "private", "shareable", "none"})  # modes of a namespace that share nothing


def listed(body: Json) -> Stranger:
    """One of `GET /containers/json`."""
    labels = body.get("Labels") or {}
    ports = {
        Publication(port=port["PrivatePort"], publish=port["PublicPort"], host=port.get("IP", ""), kind=port["Type"])
        for port in body.get("Ports") or ()
        if port.get("PublicPort")
    }
    return Stranger(
        id=body["Id"],
        name=(body.get("Names") or [body["Id"][:12]])[0].strip("/"),
        image=body["Image"],
        status=body["State"],
        created=float(body.get("Created") or 0),
        ports=_once(ports),
        networks=_networks(body),
        group=labels.get(f"{_COMPOSE}project"),
    )


def facts(body: Json, image: Json) -> StrangerFacts:
    """`GET /containers/{id}/json`, beside `GET /images/{id}/json` of the image that it runs."""
    config, host = body["Config"], body["HostConfig"]
    volumes, odd = _volumes(body)
    limits, unfit = _limits(host)
    return StrangerFacts(
        stranger=_stranger(body),
        image_id=body["Image"],
        environment=_environment(config, image.get("Config") or {}),
        volumes=volumes,
        limits=limits,
        aliases=_aliases(body),
        restart=(host.get("RestartPolicy") or {}).get("Name") or "no",
        capabilities=_capabilities(host),
        fleeting=bool(host.get("AutoRemove")),
        beyond=(*_beyond(body, image.get("Config") or {}), *_socket(body), *odd, *unfit),
    )


def _stranger(body: Json) -> Stranger:
    bindings = (body["HostConfig"].get("PortBindings") or {}).items()
    ports = {
        Publication(port=int(inside), publish=int(one["HostPort"]), host=one.get("HostIp", ""), kind=kind or "tcp")
        for text, given in bindings
        for inside, _, kind in [text.partition("/")]
        for one in given or ()
        if one.get("HostPort", "").isdigit() and inside.isdigit()
    }
    return Stranger(
        id=body["Id"],
        name=body["Name"].strip("/"),
        image=body["Config"]["Image"],
        status=body["State"]["Status"],
        created=unix_time(body["Created"]) or 0,
        ports=_once(ports),
        networks=_networks(body),
        group=(body["Config"].get("Labels") or {}).get(f"{_COMPOSE}project"),
    )


def _once(ports: set[Publication]) -> tuple[Publication, ...]:
    """Docker tells a port twice that listens on IPv4 and IPv6."""
    seen = {(port.publish, port.kind): port for port in sorted(ports, key=lambda port: port.host, reverse=True)}
    return tuple(sorted(seen.values(), key=lambda port: (port.publish, port.kind)))


def _networks(body: Json) -> tuple[str, ...]:
    return tuple(sorted((body.get("NetworkSettings") or {}).get("Networks") or {}))


def _aliases(body: Json) -> tuple[str, ...]:
    """The names by which others on its networks know it; its id, which Docker adds, is none."""
    given = (body.get("NetworkSettings") or {}).get("Networks") or {}
    names = {alias for network in given.values() for alias in network.get("Aliases") or ()}
    return tuple(sorted(name for name in names if not body["Id"].startswith(name) and _is_host(name)))


def _is_host(name: str) -> bool:
    try:
        return check_host(name) == name
    except Invalid:
        return False


def _environment(config: Json, image: Json) -> dict[str, Secret]:
    """What was given to it; what the image says, every instance has."""
    its = set(image.get("Env") or ())
    pairs = (line.partition("=") for line in config.get("Env") or () if line not in its)
    return {name: Secret(value) for name, _, value in pairs}


# ---- volumes and limits


def _volumes(body: Json) -> tuple[tuple[Volume, ...], tuple[Beyond, ...]]:
    kept: list[Volume] = []
    odd: list[Beyond] = []
    for path, make in _mounts(body):
        try:
            kept.append(make())
        except Invalid as error:
            odd.append(Beyond(what="volume", text=f"The volume at {path}: {error.message}."))
    return tuple(sorted(kept, key=lambda volume: volume.path)), tuple(odd)


def _mounts(body: Json) -> Iterator[tuple[str, Callable[[], Volume]]]:
    """Each mount by its path, and how to make a volume of it (which may raise Invalid)."""
    for mount in _own_mounts(body):
        yield mount["Destination"], partial(_volume, mount)
    for path in body["HostConfig"].get("Tmpfs") or {}:
        yield path, partial(Volume, kind=VolumeKind.TMPFS, path=path)


def _own_mounts(body: Json) -> list[Json]:
    """Without Docker's socket, which Forge gives to nobody."""
    return [mount for mount in body.get("Mounts") or () if mount.get("Source") not in _SOCKETS]


def _volume(mount: Json) -> Volume:
    """Two that write to one place may spoil it: what can be written is exclusive until somebody knows better."""
    path, read_only = mount["Destination"], not mount.get("RW", True)
    if mount["Type"] == "volume":
        return Volume(
            kind=VolumeKind.EXTERNAL, path=path, source=mount["Name"], read_only=read_only, exclusive=not read_only
        )
    if mount["Type"] == "bind":
        return Volume(
            kind=VolumeKind.HOST, path=path, source=mount["Source"], read_only=read_only, exclusive=not read_only
        )
    if mount["Type"] == "tmpfs":
        return Volume(kind=VolumeKind.TMPFS, path=path, read_only=read_only)
    raise Invalid(f"Forge has no volumes of the kind {mount['Type']}")


def _limits(host: Json) -> tuple[Limits, tuple[Beyond, ...]]:
    pids = host.get("PidsLimit") or 0
    try:
        return Limits(memory=host.get("Memory") or None, cpus=_cpus(host), pids=pids if pids > 0 else None), ()
    except Invalid as error:
        return Limits(), (Beyond(what="limits", text=f"Its limits: {error.message}."),)


def _capabilities(host: Json) -> tuple[str, ...]:
    """Of those that Docker gives by itself: what was dropped is gone unless it was added again."""
    dropped, added = _named(host, "CapDrop"), _named(host, "CapAdd")
    kept = set() if "ALL" in dropped else set(DOCKERS) - dropped
    return tuple(name for name in DOCKERS if name in kept | added or "ALL" in added)


def _named(host: Json, key: str) -> set[str]:
    return {str(name).upper().removeprefix("CAP_") for name in host.get(key) or ()}


def _cpus(host: Json) -> float | None:
    if host.get("NanoCpus"):
        return float(host["NanoCpus"]) / 1e9
    if (host.get("CpuQuota") or 0) > 0:
        return float(host["CpuQuota"]) / float(host.get("CpuPeriod") or 100_000)
    return None


# ---- what Forge has no word for


def _beyond(body: Json, image: Json) -> Iterator[Beyond]:
    config, host = body["Config"], body["HostConfig"]
    for what, text in (*_rights(host), *_surroundings(host), *_place(body), *_start(config, image)):
        yield Beyond(what=what, text=text)
    labels = _own_labels(config, image)
    if labels:
        yield Beyond(what="labels", text=f"Its labels ({_some(labels)}): what reads them will not find them.")


def _rights(host: Json) -> Iterator[tuple[str, str]]:
    if host.get("Privileged"):
        yield "privileged", "It runs privileged. Forge's instance gets no special rights."
    if host.get("Devices") or host.get("DeviceRequests"):
        names = [device.get("PathOnHost", "") for device in host.get("Devices") or ()] or ["a graphics card"]
        yield "devices", f"Devices of the machine ({_some(names)})."
    if more := sorted(_named(host, "CapAdd") - set(DOCKERS)):
        yield "capabilities", f"Added capabilities ({_some(more)})."
    modes = {name: host.get(name) for name in ("PidMode", "IpcMode", "UTSMode", "UsernsMode")}
    shared = [name.removesuffix("Mode").lower() for name, mode in modes.items() if mode not in _OWN]
    if shared:
        yield "namespaces", f"Namespaces shared with the machine or another container ({_some(shared)})."
    if host.get("Runtime") not in {None, "", "runc", "io.containerd.runc.v2"}:
        yield "runtime", f"The runtime {host['Runtime']}: Forge uses the engine's usual one."


def _socket(body: Json) -> tuple[Beyond, ...]:
    if len(_own_mounts(body)) == len(body.get("Mounts") or ()):
        return ()
    return (Beyond(what="docker_socket", text="Docker's socket: Forge gives it to no instance."),)


def _surroundings(host: Json) -> Iterator[tuple[str, str]]:
    mode = host.get("NetworkMode") or ""
    if mode == "host":
        yield (
            "host_network",
            "The machine's own network: Forge's instance gets one of its own, and one port.",
        )
    if mode == "none":
        yield "no_network", "It has no network: Forge's instance gets one."
    if mode.startswith("container:"):
        yield "container_network", "The network of another container."
    for key, what, text in (
        ("ExtraHosts", "hosts", "Entries of its hosts file"),
        ("Dns", "dns", "Name servers of its own"),
        ("Links", "links", "Links to other containers"),
        ("Sysctls", "sysctls", "Kernel settings"),
        ("Ulimits", "ulimits", "Limits on open files and the like"),
    ):
        if host.get(key):
            yield what, f"{text}."
    if host.get("ReadonlyRootfs"):
        yield "read_only", "A file system that cannot be written to: Forge's instance can write to its own."
    if (host.get("ShmSize") or _USUAL_SHM) != _USUAL_SHM:
        yield "shared_memory", f"Shared memory of {host['ShmSize'] >> 20} MiB: Forge's instance gets 64."
    if host.get("CpusetCpus"):
        yield "processors", f"The processors {host['CpusetCpus']}: Forge's instance may use any."


def _place(body: Json) -> Iterator[tuple[str, str]]:
    """What is its own among the containers of the machine."""
    networks = (body.get("NetworkSettings") or {}).get("Networks") or {}
    fixed = [(one.get("IPAMConfig") or {}).get("IPv4Address") for one in networks.values()]
    if any(fixed):
        yield "address", f"A fixed address ({_some([address for address in fixed if address])})."
    name = body["Config"].get("Hostname") or ""
    if name and not body["Id"].startswith(name) and body["HostConfig"].get("NetworkMode") != "host":
        yield "host_name", f"Its host name ({_some([name])})."
    if body["HostConfig"].get("AutoRemove"):
        yield "fleeting", "It was started with --rm: Docker removes it when it stops, so Forge does not stop it."


def _start(config: Json, image: Json) -> Iterator[tuple[str, str]]:
    for key, what, text in (
        ("Cmd", "command", "Its command is not the image's. Forge starts the image as it is"),
        ("Entrypoint", "entrypoint", "Its entry point is not the image's. Forge starts the image as it is"),
        ("User", "user", "Its user is not the image's. Forge runs it as the image says"),
        ("WorkingDir", "folder", "Its working folder is not the image's"),
        ("Healthcheck", "health", "Its health check is not the image's. Forge asks as the project says"),
    ):
        if (config.get(key) or None) != (image.get(key) or None):
            yield what, f"{text}."


def _own_labels(config: Json, image: Json) -> list[str]:
    its = image.get("Labels") or {}
    given = (config.get("Labels") or {}).items()
    return sorted(name for name, value in given if its.get(name) != value and not name.startswith(_COMPOSE))


def _some(names: list[str]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(re.sub(r"[^\x20-\x7e]", "", str(name))[:60] for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
