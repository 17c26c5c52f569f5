"""What to ask Docker for, said as data: nothing here talks to an engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any

from forge.domain.project import Limits, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.ports import HOME_LABEL, PROJECT_LABEL, STAGE_LABEL, InstanceSpec

Json = dict[str, Any]

# Three files of 10 MiB: Docker's own default never rotates and fills the disk.
_ROTATION = {"max-size": "10m", "max-file": "3"}


def container(spec: InstanceSpec) -> Json:
    """The body of `POST /containers/create` (Docker Engine API 1.41, the same in 1.44 and later).

    It reveals the secrets of the environment: hand it to the engine and let go of it. The user, the
    command and process 1 stay as the image has them: an init of ours breaks images that bring their own.
    """
    port = f"{spec.port}/tcp"
    body: Json = {
        "Image": spec.image,
        "Env": [f"{name}={_plain(value)}" for name, value in spec.environment.items()],
        "Labels": dict(spec.labels),
        "ExposedPorts": {} if spec.once else {port: {}},
        "StopTimeout": math.ceil(spec.stop_timeout),
        "HostConfig": {
            "PortBindings": {} if spec.once else {port: _bindings(spec)},
            "RestartPolicy": {"Name": "no" if spec.once else "unless-stopped"},
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["ALL"],
            "CapAdd": list(spec.capabilities),
            "LogConfig": {"Type": "json-file", "Config": dict(_ROTATION)},
            "Mounts": [_mount(volume, spec.labels) for volume in spec.volumes],
            **_limits(spec.limits),
        },
    }
    if spec.command:
        body["Cmd"] = list(spec.command)
    if spec.network:
        body["HostConfig"]["NetworkMode"] = spec.network
        links = [f"{container}:{alias}" for alias, container in spec.links.items()]
        body["NetworkingConfig"] = {"EndpointsConfig": {spec.network: {"Links": links}}}
    return body


def differences(spec: InstanceSpec, body: Json) -> tuple[str, ...]:
    """What `body`, an answer of `GET /containers/{id}/json`, says differently: Docker leaves out in silence what it
    cannot do, such as a memory limit on a kernel without that cgroup.
    """
    config, host = body["Config"], body["HostConfig"]
    has = set(config["Env"] or ())
    missing = [name for name, value in spec.environment.items() if f"{name}={_plain(value)}" not in has]
    labels = config["Labels"] or {}
    mounts = {mount["Destination"].rstrip("/"): mount["RW"] for mount in body["Mounts"] or ()}
    said = [f"the variable {name} is not as asked" for name in missing]
    said += [f"the label {name} is missing" for name, value in spec.labels.items() if labels.get(name) != value]
    limits = _limits(spec.limits)
    said += [f"{key} is {host.get(key)}, not {limits[key]}" for key in limits if host.get(key) != limits[key]]
    said += [
        f"the volume at {volume.path} is not as asked"
        for volume in spec.volumes
        if mounts.get(volume.path.rstrip("/")) is not (not volume.read_only)
    ]
    said += _powers(spec, host)
    if config["Image"] != spec.image:
        said.append(f"the image is {config['Image']}")
    return (*said, *_network_differences(spec, body))


def _powers(spec: InstanceSpec, host: Json) -> Iterator[str]:
    """What it may do on the machine that was not asked for."""
    given = {name.removeprefix("CAP_") for name in host.get("CapAdd") or ()}
    if given != set(spec.capabilities) or [name.removeprefix("CAP_") for name in host.get("CapDrop") or ()] != ["ALL"]:
        yield f"its capabilities are {', '.join(sorted(given)) or 'those of the engine'}"
    if "no-new-privileges" not in (host.get("SecurityOpt") or ()):
        yield "it may gain privileges"
    if host.get("Privileged"):
        yield "it is privileged"


def _network_differences(spec: InstanceSpec, body: Json) -> list[str]:
    """By what was kept of the request: what a container listens on comes and goes with each of its starts."""
    networks = body["NetworkSettings"]["Networks"] or {}
    wanted = [network for network in (spec.network, *spec.networks) if network is not None]
    said = [f"it is not on the network {network}" for network in wanted if network not in networks]
    bindings = (body["HostConfig"]["PortBindings"] or {}).get(f"{spec.port}/tcp") or ()
    if not spec.once and str(spec.publish) not in {binding["HostPort"] for binding in bindings}:
        said.append(f"it does not listen on port {spec.publish} of this machine")
    return said


def _bindings(spec: InstanceSpec) -> list[Json]:
    return [{"HostIp": host, "HostPort": str(spec.publish)} for host in (spec.publish_host, *spec.publish_also)]


def secrets(spec: InstanceSpec) -> tuple[str, ...]:
    """What must not stand in any error about this container."""
    return tuple(value.reveal() for value in spec.environment.values() if isinstance(value, Secret))


def network(name: str, labels: Mapping[str, str], *, internal: bool = False) -> Json:
    """A network as `POST /networks/create` takes it; an `internal` one leads nowhere outside."""
    return {
        "name": name,
        "driver": "bridge",
        "internal": internal,
        "check_duplicate": True,
        "labels": _only(labels, HOME_LABEL),
    }


def named_volumes(spec: InstanceSpec) -> list[Json]:
    """The volumes that outlive it, as `POST /volumes/create` takes them."""
    labels = _only(spec.labels, HOME_LABEL, PROJECT_LABEL, STAGE_LABEL)
    return [{"name": v.source, "labels": labels} for v in spec.volumes if v.kind is VolumeKind.NAMED]


def external_volumes(spec: InstanceSpec) -> list[str]:
    """The volumes that must be there already: Docker would make a missing one, empty, without a word."""
    return [volume.source or "" for volume in spec.volumes if volume.kind is VolumeKind.EXTERNAL]


def socket_in(volume: Json, engine: str) -> str | None:
    """The socket of an engine to which a volume (`GET /volumes/{name}`) leads: one may stand for a folder of the
    machine. `engine` is where ours is reached.
    """
    device = normpath((volume.get("Options") or {}).get("device") or ".")
    sockets = {engine.removeprefix("unix://"), "/var/run/docker.sock", "/run/docker.sock"}
    held = (one for one in sorted(sockets) if f"{one}/".startswith(f"/{device.strip('/')}/".replace("//", "/")))
    return next(held, None) if device.startswith("/") else None


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _only(labels: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: labels[name] for name in names if name in labels}


def _limits(limits: Limits) -> Json:
    asked = {
        "Memory": limits.memory,
        "NanoCpus": None if limits.cpus is None else round(limits.cpus * 1e9),
        "PidsLimit": limits.pids,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _mount(volume: Volume, labels: Mapping[str, str]) -> Json:
    """One entry of HostConfig.Mounts.

    An instance's own volume has labels and no name: Docker then makes and removes it with the container,
    so nothing can be left over when one of two calls is lost. A host folder is a mount and not a "bind",
    because Docker makes up a missing folder for the latter.
    """
    mount: Json = {"Target": volume.path, "ReadOnly": volume.read_only}
    if volume.kind in {VolumeKind.NAMED, VolumeKind.EXTERNAL}:
        return {**mount, "Type": "volume", "Source": volume.source}
    if volume.kind is VolumeKind.HOST:
        return {**mount, "Type": "bind", "Source": volume.source}
    if volume.kind is VolumeKind.INSTANCE:
        return {**mount, "Type": "volume", "VolumeOptions": {"Labels": dict(labels)}}
    size = {} if volume.size is None else {"TmpfsOptions": {"SizeBytes": volume.size}}
    return {**mount, "Type": "tmpfs", **size}
