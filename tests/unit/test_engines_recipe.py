"""What Docker is asked for: pure, so tests are equality."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.domain.capabilities import USUAL
from forge.domain.project import Limits, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.engines import recipe
from forge.ports import DEPLOY_LABEL, HOME_LABEL, INSTANCE_LABEL, PROJECT_LABEL, STAGE_LABEL, InstanceSpec

IMAGE = "ghcr.io/org/shop@sha256:" + "a" * 64
LABELS = {HOME_LABEL: "h", PROJECT_LABEL: "shop", STAGE_LABEL: "dev", INSTANCE_LABEL: "a1b2c3", DEPLOY_LABEL: "42"}
SPEC = InstanceSpec(name="shop-dev-a1b2c3", image=IMAGE, port=8080, publish=20001, labels=LABELS)


def mounts(*volumes: Volume) -> list[dict]:
    return recipe.container(replace(SPEC, volumes=volumes))["HostConfig"]["Mounts"]


def test_the_least_that_is_asked_for():
    assert recipe.container(SPEC) == {
        "Image": IMAGE,
        "Env": [],
        "Labels": LABELS,
        "ExposedPorts": {"8080/tcp": {}},
        "StopTimeout": 10,
        "HostConfig": {
            "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20001"}]},
            "RestartPolicy": {"Name": "unless-stopped"},
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["ALL"],
            "CapAdd": list(USUAL),
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "Mounts": [],
        },
    }
    assert recipe.named_volumes(SPEC) == []


def test_the_environment_with_its_secrets_in_the_clear():
    spec = replace(SPEC, environment={"PLAIN": "a=b", "TOKEN": Secret("planted"), "EMPTY": ""})
    assert recipe.container(spec)["Env"] == ["PLAIN=a=b", "TOKEN=planted", "EMPTY="]
    assert recipe.secrets(spec) == ("planted",)


def test_limits_in_dockers_units():
    spec = replace(SPEC, limits=Limits(memory=64 << 20, cpus=0.5, pids=100))
    host = recipe.container(spec)["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (67108864, 500_000_000, 100)


def test_a_network_on_which_it_finds_others_by_name():
    spec = replace(SPEC, network="forge-shop-dev", links={"db": "forge-db-1", "www": "forge-site-2"})
    body = recipe.container(spec)
    assert body["HostConfig"]["NetworkMode"] == "forge-shop-dev"
    assert body["NetworkingConfig"] == {
        "EndpointsConfig": {"forge-shop-dev": {"Links": ["forge-db-1:db", "forge-site-2:www"]}}
    }


def test_a_network_carries_the_home_only():
    assert recipe.network("forge-shop-dev", LABELS) == {
        "name": "forge-shop-dev",
        "driver": "bridge",
        "internal": False,
        "check_duplicate": True,
        "labels": {HOME_LABEL: "h"},
    }


def test_what_runs_once_listens_nowhere_and_is_not_started_again():
    body = recipe.container(replace(SPEC, command=("bin/migrate", "--all"), once=True))
    assert body["Cmd"] == ["bin/migrate", "--all"]
    assert (body["ExposedPorts"], body["HostConfig"]["PortBindings"]) == ({}, {})
    assert body["HostConfig"]["RestartPolicy"] == {"Name": "no"}


def made(spec, **changes):
    """What Docker says of a container that it made as asked, but for `changes` (dotted with __)."""
    asked = recipe.container(spec)
    host = asked["HostConfig"]
    body = {
        "Config": {
            "Image": asked["Image"],
            "Env": [*asked["Env"], "PATH=/"],
            "Labels": {**asked["Labels"], "x": "y"},
        },
        "HostConfig": {
            **{key: host.get(key) for key in ("Memory", "NanoCpus", "PidsLimit", "PortBindings", "SecurityOpt")},
            "CapAdd": [f"CAP_{name}" for name in host["CapAdd"]],
            "CapDrop": host["CapDrop"],
        },
        "Mounts": [{"Destination": m["Target"], "RW": not m["ReadOnly"]} for m in host["Mounts"]],
        "NetworkSettings": {"Networks": {"net": {}}},
    }
    for path, value in changes.items():
        place, _, name = path.rpartition("__")
        here = body
        for part in filter(None, place.split("__")):
            here = here[part]
        here[name] = value
    return body


WHOLE = replace(
    SPEC,
    environment={"A": "1", "TOKEN": Secret("p1anted")},
    limits=Limits(memory=64 << 20, cpus=0.5, pids=9),
    volumes=(Volume(kind=VolumeKind.TMPFS, path="/fast/"), Volume(kind=VolumeKind.HOST, path="/d", source="/d")),
    network="net",
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ()),
        ({"Config__Env": ["A=1"]}, ("the variable TOKEN is not as asked",)),
        ({"Config__Env": None}, ("the variable A is not as asked", "the variable TOKEN is not as asked")),
        ({"Config__Labels": None}, tuple(f"the label {name} is missing" for name in LABELS)),
        ({"Config__Image": "other"}, ("the image is other",)),
        ({"HostConfig__Memory": 0}, ("Memory is 0, not 67108864",)),
        ({"HostConfig__PidsLimit": None}, ("PidsLimit is None, not 9",)),
        ({"Mounts": [{"Destination": "/fast", "RW": True}]}, ("the volume at /d is not as asked",)),
        (
            {"Mounts": [{"Destination": "/fast", "RW": True}, {"Destination": "/d", "RW": False}]},
            ("the volume at /d is not as asked",),
        ),
        ({"NetworkSettings__Networks": {}}, ("it is not on the network net",)),
        ({"HostConfig__CapAdd": ["CAP_SYS_ADMIN"]}, ("its capabilities are SYS_ADMIN",)),
        ({"HostConfig__CapAdd": None, "HostConfig__CapDrop": None}, ("its capabilities are those of the engine",)),
        ({"HostConfig__CapDrop": ["NET_RAW"]}, (f"its capabilities are {', '.join(USUAL)}",)),
        ({"HostConfig__SecurityOpt": None}, ("it may gain privileges",)),
        ({"HostConfig__Privileged": True}, ("it is privileged",)),
        ({"HostConfig__PortBindings": None}, ("it does not listen on port 20001 of this machine",)),
    ],
)
def test_what_docker_left_out_is_named_without_any_secret(changes, said):
    assert recipe.differences(WHOLE, made(WHOLE, **changes)) == said
    assert "p1anted" not in str(said)


def test_where_it_is_published_and_how_long_it_may_take_to_stop():
    spec = replace(SPEC, publish_host="0.0.0.0", publish=80, stop_timeout=2.5)
    body = recipe.container(spec)
    assert body["HostConfig"]["PortBindings"] == {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}
    assert body["StopTimeout"] == 3


def test_a_named_volume_outlives_the_instance_and_carries_its_stage_only():
    volume = Volume(kind=VolumeKind.NAMED, path="/data", source="forge-shop-dev-data", read_only=True)
    assert mounts(volume) == [
        {"Target": "/data", "ReadOnly": True, "Type": "volume", "Source": "forge-shop-dev-data"},
    ]
    assert recipe.named_volumes(replace(SPEC, volumes=(volume,))) == [
        {"name": "forge-shop-dev-data", "labels": {HOME_LABEL: "h", PROJECT_LABEL: "shop", STAGE_LABEL: "dev"}},
    ]


def test_a_volume_from_before_forge_is_used_and_never_made():
    volume = Volume(kind=VolumeKind.EXTERNAL, path="/data", source="theirs")
    assert mounts(volume) == [{"Target": "/data", "ReadOnly": False, "Type": "volume", "Source": "theirs"}]
    assert recipe.named_volumes(replace(SPEC, volumes=(volume,))) == []
    assert recipe.external_volumes(replace(SPEC, volumes=(volume,))) == ["theirs"]


def test_an_instances_own_volume_has_all_labels_and_no_name_so_that_docker_removes_it_too():
    volume = Volume(kind=VolumeKind.INSTANCE, path="/scratch")
    assert mounts(volume) == [
        {"Target": "/scratch", "ReadOnly": False, "Type": "volume", "VolumeOptions": {"Labels": LABELS}},
    ]
    assert recipe.named_volumes(replace(SPEC, volumes=(volume,))) == []


def test_a_folder_of_the_machine_and_memory():
    host = Volume(kind=VolumeKind.HOST, path="/h", source="/srv/h", read_only=True)
    assert mounts(
        host,
        Volume(kind=VolumeKind.TMPFS, path="/t", size=1 << 20),
        Volume(kind=VolumeKind.TMPFS, path="/u"),
    ) == [
        {"Target": "/h", "ReadOnly": True, "Type": "bind", "Source": "/srv/h"},
        {"Target": "/t", "ReadOnly": False, "Type": "tmpfs", "TmpfsOptions": {"SizeBytes": 1048576}},
        {"Target": "/u", "ReadOnly": False, "Type": "tmpfs"},
    ]


def test_more_addresses_that_it_listens_on_lead_to_the_same_port():
    made = recipe.container(replace(SPEC, publish=20001, publish_also=("172.17.0.1",)))
    (bindings,) = made["HostConfig"]["PortBindings"].values()
    assert bindings == [
        {"HostIp": "127.0.0.1", "HostPort": "20001"},
        {"HostIp": "172.17.0.1", "HostPort": "20001"},
    ]


EVERYTHING = replace(
    WHOLE,
    links={"db": "forge-db-1"},
    command=("run",),
    volumes=tuple(
        Volume(kind=kind, path=f"/{kind}", source="/srv/x" if kind is VolumeKind.HOST else "x" if needs else None)
        for kind, needs in ((kind, kind not in {VolumeKind.INSTANCE, VolumeKind.TMPFS}) for kind in VolumeKind)
    ),
)


def test_nothing_else_is_ever_asked_for_whatever_a_project_says():
    """No Privileged, Devices, PidMode, Binds, …: what is not here, no setting can turn on."""
    body = recipe.container(EVERYTHING)
    assert set(body) == {
        "Image", "Env", "Labels", "ExposedPorts", "StopTimeout", "HostConfig", "Cmd", "NetworkingConfig",
    }  # fmt: skip
    assert set(body["HostConfig"]) == {
        "PortBindings", "RestartPolicy", "SecurityOpt", "CapDrop", "CapAdd", "LogConfig", "Mounts", "NetworkMode",
        "Memory", "NanoCpus", "PidsLimit",
    }  # fmt: skip
    assert body["HostConfig"]["SecurityOpt"] == ["no-new-privileges"]


def test_a_project_may_take_every_capability_away():
    host = recipe.container(replace(SPEC, capabilities=()))["HostConfig"]
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], [])


@pytest.mark.parametrize(
    ("options", "socket"),
    [
        (None, None),
        ({"type": "tmpfs", "device": "tmpfs"}, None),
        ({"type": "none", "o": "bind", "device": "/srv/data"}, None),
        ({"type": "none", "o": "bind", "device": "/var/runner"}, None),
        ({"type": "none", "o": "bind", "device": "/var/run"}, "/var/run/docker.sock"),
        ({"type": "none", "o": "bind", "device": "/run/docker.sock"}, "/run/docker.sock"),
        ({"type": "none", "o": "bind", "device": "/"}, "/home/ada/docker.sock"),
        ({"type": "none", "o": "bind", "device": "//"}, "/home/ada/docker.sock"),
        ({"type": "none", "o": "bind", "device": "//var/./run/../run/"}, "/var/run/docker.sock"),
        ({"type": "none", "o": "bind", "device": ""}, None),
        ({"type": "nfs", "o": "addr=10.0.0.2", "device": ":/var/run"}, None),
        ({"type": "none", "o": "bind", "device": "/home/ada/"}, "/home/ada/docker.sock"),
    ],
)
def test_a_volume_that_leads_to_an_engines_socket_is_seen(options, socket):
    assert recipe.socket_in({"Name": "x", "Options": options}, "unix:///home/ada/docker.sock") == socket
