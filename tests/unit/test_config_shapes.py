"""The keys of a file are the fields of the domain."""

from __future__ import annotations

from dataclasses import fields

import pytest

from forge.config import shapes
from forge.config.shapes import make, take, written
from forge.config.tree import read_tree
from forge.domain.connection import EngineConnection, ProxyConnection, RegistryConnection
from forge.domain.errors import Invalid
from forge.domain.preferences import Preferences
from forge.domain.project import Health, Limits, Project, Volume
from forge.domain.stage import Stage, Update


@pytest.mark.parametrize(
    ("type_", "shape", "beside"),
    [
        (RegistryConnection, shapes.REGISTRY, {"name"}),
        (ProxyConnection, shapes.PROXY, {"name"}),
        (EngineConnection, shapes.ENGINE, {"name"}),
        (Preferences, shapes.PREFERENCES, set()),
        (Project, shapes.PROJECT, {"name", "secrets"}),
        (Health, shapes.HEALTH, set()),
        (Volume, shapes.VOLUME, set()),
        (Limits, shapes.LIMITS, set()),
        (Stage, shapes.STAGE, {"project", "name", "secrets"}),
        (Update, shapes.UPDATE, set()),
    ],
)
def test_a_file_can_say_every_field_there_is(type_, shape, beside):
    assert {field.name for field in fields(type_)} - beside == set(shape)


def test_null_counts_as_not_given():
    assert take(read_tree("timeout: null\npath: /x"), shapes.HEALTH) == {"path": "/x"}


def test_what_is_left_out_and_needed_is_named():
    with pytest.raises(Invalid, match="needs “kind”"):
        make(read_tree("path: /x"), Volume, {"path": "/x"})


def test_defaults_are_not_written():
    assert written(Health(path="/x"), shapes.HEALTH) == {"path": "/x"}
    assert written(Health(path="/x", timeout=60), shapes.HEALTH, all_=True) == {
        "kind": "auto",
        "path": "/x",
        "timeout": "1m",
    }
