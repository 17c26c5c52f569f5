"""KEY=VALUE, and secrets that never stand on a command line."""

from __future__ import annotations

import click
import pytest

from forge.commands.pairs import overlay, secret_value, secrets
from forge.config.shapes import PROJECT, STAGE
from forge.domain.errors import Invalid


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("port=8080", {"port": 8080}),
        ("domain=8080", {"domain": "8080"}),
        ("limits.memory=512MiB", {"limits": {"memory": 512 << 20}}),
        ("limits.cpus=0.5", {"limits": {"cpus": 0.5}}),
        ("health.timeout=1m30s", {"health": {"timeout": 90.0}}),
        ("environment.URL=http://a.b/?c=d", {"environment": {"URL": "http://a.b/?c=d"}}),
        ("environment.EMPTY=", {"environment": {"EMPTY": ""}}),
        ("aliases=a, b", {"aliases": ["a", "b"]}),
        ("aliases=[a, b]", {"aliases": ["a", "b"]}),
    ],
)
def test_a_pair_becomes_what_the_api_takes(pair, expected):
    assert overlay({}, [pair], PROJECT) == expected


def test_a_volume_is_written_as_in_a_file():
    made = overlay({}, ["volumes={kind: tmpfs, path: /t, size: 1MiB}"], PROJECT)["volumes"]
    assert made == [
        {"kind": "tmpfs", "path": "/t", "source": None, "read_only": False, "exclusive": False, "size": 1 << 20}
    ]


def test_a_pattern_goes_over_the_wire_as_text():
    assert overlay({}, ["pattern=semver:^1", "auto_deploy=no"], STAGE) == {"pattern": "semver:^1", "auto_deploy": False}


def test_what_was_there_stays_unless_it_is_named():
    before = {"port": 80, "environment": {"A": "1", "B": "2"}, "limits": {"pids": 5, "memory": 1 << 30}}
    made = overlay(before, ["environment.A-", "environment.C=3", "limits.memory=", "port="], PROJECT)
    assert made == {"environment": {"B": "2", "C": "3"}, "limits": {"pids": 5}}
    assert before["environment"] == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("prot=1", "did you mean “port”"),
        ("limits.memry=1", "“limits.memry”: did you mean “memory”"),
        ("port", "no KEY=VALUE"),
        ("port.x=1", "no keys of its own"),
        ("volumes={kind", "no YAML"),
    ],
)
def test_a_pair_that_cannot_be_is_told_how_it_should(pair, said):
    with pytest.raises(click.UsageError) as caught:
        overlay({}, [pair], PROJECT)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("pair", "said"),
    [("port=x", "port must be a whole number"), ("limits.memory=1M", "no size"), ("active=7", "true or")],
)
def test_a_value_that_cannot_be_is_told_without_a_line(pair, said):
    with pytest.raises(Invalid) as caught:
        overlay({}, [pair], PROJECT)
    assert said in caught.value.message
    assert "Line" not in caught.value.message


def test_secrets_come_from_the_environment_and_never_from_the_words(monkeypatch):
    monkeypatch.setenv("A", "one")
    monkeypatch.setenv("OTHER", "two")
    assert secrets(["A", "B=OTHER", "C-"]) == {"A": "one", "B": "two", "C": None}


def test_a_variable_that_was_named_must_be_set(monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(click.UsageError, match="NOT_SET is not set"):
        secret_value("NOT_SET", "Secret", ask=False)


@pytest.mark.parametrize("text", ["{stage}.{domain}", "{stage}-{project}.x.org"])
def test_text_that_only_looks_like_yaml_is_text(text):
    assert overlay({}, [f"domain={text}"], STAGE)["domain"] == text
