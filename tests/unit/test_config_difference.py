"""Differences as words."""

from __future__ import annotations

from dataclasses import replace

from forge.config.difference import differences
from forge.config.shapes import PROJECT
from forge.domain.project import Health, HealthKind, Project, Volume, VolumeKind

SHOP = Project(name="shop", image="r.example/shop", port=80)


def test_equal_things_have_no_differences():
    assert differences(SHOP, replace(SHOP), PROJECT) == []


def test_a_field_within_a_field_is_said_with_its_path():
    after = replace(SHOP, health=Health(kind=HealthKind.HTTP, path="/up"), environment={"A": "1", "B": ""})
    assert differences(SHOP, after, PROJECT) == [
        "health.kind auto → http",
        "health.path nothing → /up",
        "environment.A nothing → 1",
        "environment.B nothing → “”",
    ]


def test_lists_and_switches_are_said_as_a_file_has_them():
    after = replace(SHOP, active=False, volumes=(Volume(kind=VolumeKind.TMPFS, path="/t", exclusive=True),))
    assert differences(SHOP, after, PROJECT) == [
        "volumes [] → [{kind: tmpfs, path: /t, exclusive: true}]",
        "active true → false",
    ]


def test_a_value_cannot_flood_or_drive_a_terminal():
    said = differences(SHOP, replace(SHOP, environment={"A": "\x1b[2J\n" + "x" * 500}), PROJECT)[0]
    assert said.isprintable()
    assert len(said) < 100
