"""Projects and stages as they go over the wire have what the domain has."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from forge.api import types
from forge.domain import project, stage
from forge.domain.preferences import Preferences

PAIRS = [
    (types.Health, project.Health, set()),
    (types.Volume, project.Volume, set()),
    (types.Limits, project.Limits, set()),
    (types.Update, stage.Update, set()),
    (types.ChangedProject, project.Project, {"name", "active"}),
    (types.ChangedStage, stage.Stage, {"project", "name"}),
    (types.Settings, Preferences, set()),
]


@pytest.mark.parametrize(("wire", "domain", "not_taken"), PAIRS)
def test_the_wire_takes_every_field_of_the_domain(wire, domain, not_taken):
    assert {field.name for field in dataclasses.fields(domain)} - not_taken == set(wire.__struct_fields__)


@pytest.mark.parametrize(("wire", "domain", "not_taken"), PAIRS)
def test_what_is_left_out_has_the_domains_default(wire, domain, not_taken):
    defaults = {f.name: f.default for f in dataclasses.fields(domain) if f.default is not dataclasses.MISSING}
    given = {f.name: f.default for f in msgspec.structs.fields(wire) if f.default is not msgspec.NODEFAULT}
    for name in set(given) & set(defaults):
        assert given[name] == defaults[name], name


def test_a_pattern_that_is_left_out_is_the_domains():
    assert types.StageFields().pattern == str(stage.Stage(project="p", name="s").pattern)


@pytest.mark.parametrize(
    "type_", [t for t in vars(types).values() if isinstance(t, type) and issubclass(t, types.Wire)]
)
def test_unknown_names_are_refused_everywhere(type_):
    assert type_.__struct_config__.forbid_unknown_fields
