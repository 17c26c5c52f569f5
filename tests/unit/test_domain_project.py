"""Projects: what is refused, and by which field."""

from __future__ import annotations

import pytest

from forge.domain.errors import Invalid
from forge.domain.project import Health, HealthKind, Limits, Project, Volume, VolumeKind, check_pattern_or_none

DATA = Volume(kind=VolumeKind.NAMED, path="/data", source="data")
NAN = float("nan")


def _twice(path):
    return {"volumes": (DATA, Volume(kind=VolumeKind.TMPFS, path=path))}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "My Shop"}),
        ("image", {"image": "ghcr.io/Org/shop"}),
        ("image", {"image": "ghcr.io/org/shop:v1"}),
        ("image", {"image": "ghcr.io/org/shop@sha256:" + "0" * 64}),
        ("port", {"port": 0}),
        ("port", {"port": 65536}),
        ("environment", {"environment": {"A=B": ""}}),
        ("environment", {"environment": {"A": "x\0y"}}),
        ("environment", {"environment": {"": "x"}}),
        ("secrets", {"secrets": ("A B",)}),
        ("secrets", {"environment": {"A": "x"}, "secrets": ("B", "A")}),
        ("domain", {"domain": "not a domain"}),
        ("aliases", {"aliases": ("ok", "not ok")}),
        ("networks", {"networks": ("host",)}),
        ("networks", {"networks": ("ok", "not ok")}),
        ("labels", {"labels": {"forge.home": "x"}}),
        ("labels", {"labels": {"": "x"}}),
        ("labels", {"labels": {"a\n": "x"}}),
        ("labels", {"labels": {"a": "x\0"}}),
        ("volumes", {"volumes": (Volume(kind=VolumeKind.NAMED, path="/data", source="Not A Name"),)}),
        ("volumes", {"volumes": (DATA, Volume(kind=VolumeKind.NAMED, path="/etc", source="../etc"))}),
        ("volumes", _twice("/data")),
        ("volumes", _twice("/data/")),
        ("volumes", _twice("//data/.")),
    ],
)
def test_a_project_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Project(**{"name": "shop", "image": "ghcr.io/org/shop", "port": 80, **given})
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    "given",
    [
        {"path": "data"},
        {"path": ""},
        {"path": "/"},
        {"path": "//"},
        {"path": "/./"},
        {"path": "/a/../b"},
        {"path": "/a:ro"},
        {"path": "/a\0"},
        {"kind": VolumeKind.NAMED, "source": None},
        {"kind": VolumeKind.HOST, "source": None},
        {"kind": VolumeKind.HOST, "source": "srv"},
        {"kind": VolumeKind.HOST, "source": "/srv/../etc"},
        {"kind": VolumeKind.HOST, "source": "/srv:/etc"},
        {"kind": VolumeKind.TMPFS, "source": "data"},
        {"kind": VolumeKind.INSTANCE, "source": "data"},
        {"kind": VolumeKind.EXTERNAL, "source": None},
        {"kind": VolumeKind.EXTERNAL, "source": "../data"},
        {"kind": VolumeKind.TMPFS, "source": None, "size": 0},
        {"size": 1024},
    ],
)
def test_a_volume_that_cannot_be_names_its_field(given):
    with pytest.raises(Invalid) as caught:
        Volume(**{"kind": VolumeKind.NAMED, "path": "/data", "source": "data", **given})
    assert list(caught.value.fields) == ["volumes"]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("health.path", {"path": "healthz"}),
        ("health.path", {"path": ""}),
        ("health.path", {"path": "/a b"}),
        ("health.path", {"path": "/a\r\nHost: x"}),
        ("health.path", {"kind": HealthKind.HTTP}),
        ("health.timeout", {"timeout": 0}),
        ("health.timeout", {"timeout": 3601}),
        ("health.timeout", {"timeout": NAN}),
    ],
)
def test_a_health_check_that_cannot_work_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Health(**given)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("limits.memory", {"memory": (6 << 20) - 1}),
        ("limits.cpus", {"cpus": 0}),
        ("limits.cpus", {"cpus": NAN}),
        ("limits.cpus", {"cpus": 1025}),
        ("limits.pids", {"pids": 0}),
    ],
)
def test_a_limit_that_docker_would_not_take_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Limits(**given)
    assert list(caught.value.fields) == [field]


def test_a_project_with_everything_is_taken_and_its_image_completed():
    project = Project(
        name="shop",
        image="org/shop",
        port=65535,
        domain="shop.example.org",
        health=Health(kind=HealthKind.HTTP, path="/healthz?full=1", timeout=3600),
        environment={"A": "x", "a.b-c": "two\nlines"},
        secrets=("PASSWORD",),
        volumes=(
            DATA,
            Volume(kind=VolumeKind.HOST, path="/srv", source="/srv/shop", read_only=True),
            Volume(kind=VolumeKind.TMPFS, path="/tmp/x", size=1 << 20),
            Volume(kind=VolumeKind.INSTANCE, path="/cache"),
        ),
        limits=Limits(memory=6 << 20, cpus=0.5, pids=1),
        aliases=("shop", "shop.internal"),
        labels={"org.example.team": "a", "forge": "not ours"},
    )
    assert project.image == "docker.io/org/shop"
    assert project.active


def test_a_stage_may_do_without_a_domain_pattern():
    check_pattern_or_none(None)
    with pytest.raises(Invalid):
        check_pattern_or_none("{what}")
