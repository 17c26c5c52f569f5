"""What Docker's JSON of somebody else's container means."""

from __future__ import annotations

from typing import Any

import pytest

from forge.domain.capabilities import DOCKERS
from forge.domain.project import Limits, Volume, VolumeKind
from forge.domain.stranger import Publication
from forge.engines import strangers

ID = "c0ffee" + "0" * 58
IMAGE = {"Config": {"Env": ["PATH=/bin", "PORT=80"], "Cmd": ["serve"], "Labels": {"vendor": "acme"}}}


def body(config: dict[str, Any] | None = None, host: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """`GET /containers/{id}/json` of an ordinary container."""
    return {
        "Id": ID,
        "Name": "/shop",
        "Image": "sha256:1",
        "Created": "2026-01-02T03:04:05.6Z",
        "State": {"Status": "running"},
        "Config": {"Image": "acme/shop:1.2", "Env": ["PATH=/bin", "PORT=80"], "Cmd": ["serve"], **(config or {})},
        "HostConfig": {"NetworkMode": "shop_default", "IpcMode": "private", **(host or {})},
        "NetworkSettings": {"Networks": {"shop_default": {"Aliases": ["shop", "web", ID[:12], "a b"]}}},
        **more,
    }


def beyond(config: dict[str, Any] | None = None, host: dict[str, Any] | None = None) -> list[str]:
    return [one.what for one in strangers.facts(body(config, host), IMAGE).beyond]


def test_a_line_of_the_list_is_read():
    line = {
        "Id": ID,
        "Names": ["/shop"],
        "Image": "acme/shop:1.2",
        "State": "running",
        "Created": 1700000000,
        "Labels": {"com.docker.compose.project": "store"},
        "Ports": [
            {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"PrivatePort": 9000, "Type": "tcp"},
        ],
        "NetworkSettings": {"Networks": {"store_default": {}}},
    }
    found = strangers.listed(line)
    assert (found.name, found.image, found.status, found.group) == ("shop", "acme/shop:1.2", "running", "store")
    assert found.ports == (Publication(port=80, publish=8080, host="0.0.0.0"),)
    assert found.networks == ("store_default",)


def test_a_line_without_anything_optional_is_read():
    bare = strangers.listed({"Id": ID, "Names": None, "Image": "x", "State": "created", "Created": 1})
    assert (bare.name, bare.ports, bare.networks, bare.group) == (ID[:12], (), (), None)


def test_an_ordinary_container_has_nothing_that_cannot_be_taken_over():
    facts = strangers.facts(body(), IMAGE)
    assert facts.beyond == ()
    assert (facts.environment, facts.volumes, facts.limits) == ({}, (), Limits())
    assert facts.aliases == ("shop", "web")
    assert facts.restart == "no"


def test_only_what_the_image_does_not_say_is_its_environment():
    facts = strangers.facts(body({"Env": ["PATH=/bin", "PORT=81", "URL=a=b", "EMPTY="]}), IMAGE)
    values = {name: value.reveal() for name, value in facts.environment.items()}
    assert values == {"PORT": "81", "URL": "a=b", "EMPTY": ""}


def test_ports_and_limits_are_read():
    host = {
        "PortBindings": {
            "80/tcp": [{"HostIp": "", "HostPort": "8080"}],
            "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
            "81/tcp": None,
        },
        "Memory": 64 << 20,
        "NanoCpus": 500_000_000,
        "PidsLimit": 100,
        "RestartPolicy": {"Name": "always"},
    }
    facts = strangers.facts(body(host=host), IMAGE)
    assert [(port.port, port.publish, port.kind) for port in facts.stranger.ports] == [
        (53, 5353, "udp"),
        (80, 8080, "tcp"),
    ]
    assert facts.limits == Limits(memory=64 << 20, cpus=0.5, pids=100)
    assert facts.restart == "always"


def test_a_quota_is_processors_and_no_limit_is_none():
    assert strangers.facts(body(host={"CpuQuota": 150000}), IMAGE).limits == Limits(cpus=1.5)
    assert strangers.facts(body(host={"PidsLimit": -1, "Memory": 0}), IMAGE).limits == Limits()


def test_every_kind_of_volume_is_read_and_what_can_be_written_is_exclusive():
    mounts = [
        {"Type": "volume", "Name": "data", "Destination": "/data", "RW": True},
        {"Type": "volume", "Name": "0" * 64, "Destination": "/cache", "RW": False},
        {"Type": "bind", "Source": "/srv/shop", "Destination": "/srv", "RW": True},
        {"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/var/run/docker.sock", "RW": True},
    ]
    facts = strangers.facts(body(host={"Tmpfs": {"/tmp": "size=1m"}}, Mounts=mounts), IMAGE)
    assert facts.volumes == (
        Volume(kind=VolumeKind.EXTERNAL, path="/cache", source="0" * 64, read_only=True),
        Volume(kind=VolumeKind.EXTERNAL, path="/data", source="data", exclusive=True),
        Volume(kind=VolumeKind.HOST, path="/srv", source="/srv/shop", exclusive=True),
        Volume(kind=VolumeKind.TMPFS, path="/tmp"),
    )
    assert [one.what for one in facts.beyond] == ["docker_socket"]


def test_a_volume_that_forge_has_no_words_for_is_said():
    mounts = [
        {"Type": "npipe", "Source": "x", "Destination": "/pipe"},
        {"Type": "bind", "Source": "c:/x", "Destination": "/x"},
    ]
    facts = strangers.facts(body(Mounts=mounts), IMAGE)
    assert facts.volumes == ()
    assert [one.what for one in facts.beyond] == ["volume", "volume"]
    assert "npipe" in facts.beyond[0].text


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ({"Privileged": True}, "privileged"),
        ({"Devices": [{"PathOnHost": "/dev/ttyUSB0"}]}, "devices"),
        ({"DeviceRequests": [{"Count": -1}]}, "devices"),
        ({"CapAdd": ["NET_ADMIN"]}, "capabilities"),
        ({"PidMode": "host"}, "namespaces"),
        ({"Runtime": "nvidia"}, "runtime"),
        ({"NetworkMode": "host"}, "host_network"),
        ({"NetworkMode": "container:abc"}, "container_network"),
        ({"NetworkMode": "none"}, "no_network"),
        ({"AutoRemove": True}, "fleeting"),
        ({"ExtraHosts": ["db:10.0.0.1"]}, "hosts"),
        ({"Dns": ["10.0.0.1"]}, "dns"),
        ({"Links": ["/db:/shop/db"]}, "links"),
        ({"Sysctls": {"net.core.somaxconn": "1"}}, "sysctls"),
        ({"Ulimits": [{"Name": "nofile"}]}, "ulimits"),
        ({"ReadonlyRootfs": True}, "read_only"),
        ({"ShmSize": 1 << 30}, "shared_memory"),
        ({"CpusetCpus": "0-1"}, "processors"),
        ({"Memory": 1 << 20}, "limits"),
    ],
)
def test_what_the_machine_gives_it_and_forge_does_not_is_said(host, what):
    assert beyond(host=host) == [what]


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"Cmd": ["serve", "--fast"]}, "command"),
        ({"Entrypoint": ["/bin/sh"]}, "entrypoint"),
        ({"User": "1000"}, "user"),
        ({"Hostname": "mail"}, "host_name"),
        ({"WorkingDir": "/srv"}, "folder"),
        ({"Healthcheck": {"Test": ["NONE"]}}, "health"),
        ({"Labels": {"traefik.enable": "true"}}, "labels"),
    ],
)
def test_what_differs_from_its_image_is_said(config, what):
    assert beyond(config) == [what]


def test_a_fixed_address_is_said_and_dockers_own_host_name_is_not():
    networks = {"shop_default": {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}}
    facts = strangers.facts(body({"Hostname": ID[:12]}, NetworkSettings={"Networks": networks}), IMAGE)
    assert [one.text for one in facts.beyond] == ["A fixed address (10.0.0.9)."]


def test_labels_of_the_image_and_of_compose_are_nobodys_loss():
    assert beyond({"Labels": {"vendor": "acme", "com.docker.compose.service": "web"}}) == []


def test_an_image_that_is_gone_makes_everything_its_own():
    facts = strangers.facts(body(), {})
    assert set(facts.environment) == {"PATH", "PORT"}


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ({}, DOCKERS),
        ({"CapDrop": ["ALL"], "CapAdd": ["CAP_CHOWN", "NET_ADMIN"]}, ("CHOWN",)),
        ({"CapDrop": ["CAP_NET_RAW"]}, tuple(name for name in DOCKERS if name != "NET_RAW")),
        ({"CapDrop": ["NET_RAW"], "CapAdd": ["ALL"]}, DOCKERS),
    ],
)
def test_it_keeps_the_capabilities_it_has_as_far_as_docker_gives_them_by_itself(host, kept):
    assert strangers.facts(body(host=host), IMAGE).capabilities == kept
