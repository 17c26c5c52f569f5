"""Answers of registries are read with care: some are not what they should be."""

from __future__ import annotations

import pytest

from forge.ports import HealthCheck
from forge.registries.manifests import ACCEPT, choose_manifest, config_of, facts_of, read_time, tags_of

A, B, C = ("sha256:" + letter * 64 for letter in "abc")


def entry(digest, os="linux", architecture="amd64"):
    return {"digest": digest, "platform": {"os": os, "architecture": architecture}}


def test_all_four_media_types_are_accepted():
    assert ACCEPT.split(", ") == [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]


@pytest.mark.parametrize(
    ("manifests", "expected"),
    [
        ([entry(A, architecture="arm64"), entry(B), entry(C)], B),
        ([entry(A, "unknown", "unknown"), entry(B, architecture="arm64"), entry(C, "windows")], B),
        ([entry(A, "unknown", "unknown")], None),
        ([{"digest": A}], A),
        ([{"platform": {"os": "linux", "architecture": "amd64"}}, entry(A)], A),
        ([entry("latest"), 5, None, {"digest": 5}, {"digest": B, "platform": "linux"}], B),
        ([], None),
        (None, None),
    ],
)
def test_an_image_is_chosen_from_an_index_and_never_an_attestation(manifests, expected):
    assert choose_manifest({"manifests": manifests}) == expected


@pytest.mark.parametrize("manifest", [None, [], {}, {"config": None}, {"config": {}}, {"config": {"digest": "../x"}}])
def test_what_has_no_configuration_has_none(manifest):
    assert config_of(manifest) is None


def test_the_configuration_of_an_image_is_found():
    assert config_of({"config": {"digest": A}}) == A


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-21T14:13:20Z", 1_790_000_000.0),
        ("2026-09-21T16:13:20+02:00", 1_790_000_000.0),
        ("2026-09-21T14:13:20.123456789Z", 1_790_000_000.123456),
        ("2026-09-21T14:13:20", 1_790_000_000.0),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_time_is_read_as_builders_write_it(text, expected):
    assert read_time(text) == expected


@pytest.mark.parametrize("answer", [None, [], {}, {"tags": None}, {"tags": "v1"}])
def test_a_page_without_tags_has_none(answer):
    assert tags_of(answer) == []


def test_what_is_no_tag_is_left_out():
    assert tags_of({"tags": ["v1", "../v2/x", "", 5, "a b", "x" * 129, "dev_1.2-3"]}) == ["v1", "dev_1.2-3"]


def test_a_configuration_gives_ports_health_check_and_labels():
    facts = facts_of(
        {
            "created": "2026-01-02T03:04:05Z",
            "config": {
                "ExposedPorts": {"8080/tcp": {}, "53/udp": {}, "80": {}, "x/tcp": {}},
                "Labels": {"forge.port": "8080"},
                "Healthcheck": {"Test": ["CMD", "true"], "Interval": 2_000_000_000, "Retries": 5},
            },
        },
        "registry.example/shop@sha256:" + "a" * 64,
    )
    assert facts.ports == (80, 8080)
    assert facts.labels == {"forge.port": "8080"}
    assert facts.health_check == HealthCheck(command=("CMD", "true"), interval=2, retries=5)
    assert facts.created == 1767323045


@pytest.mark.parametrize("configuration", [{}, {"config": []}, {"config": {"ExposedPorts": 1, "Labels": 2}}])
def test_a_configuration_that_says_nothing_is_no_error(configuration):
    facts = facts_of(configuration, "registry.example/shop@sha256:" + "a" * 64)
    assert (facts.ports, facts.health_check, facts.labels) == ((), None, {})


@pytest.mark.parametrize("check", [{"Test": ["NONE"]}, {"Test": []}, {"Test": "true"}, None])
def test_a_health_check_that_is_switched_off_is_none(check):
    assert facts_of({"config": {"Healthcheck": check}}, "x@y").health_check is None
