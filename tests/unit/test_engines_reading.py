"""What Docker answers with, as values."""

from __future__ import annotations

import copy

import pytest

from forge.domain.metrics import Usage
from forge.engines import reading
from forge.ports import EngineEvent, HealthCheck, LayerProgress

CONTAINER = {
    "Id": "1f" * 32,
    "Name": "/shop-dev-a1b2c3",
    "Created": "2026-11-23T19:20:17.767505212Z",
    "RestartCount": 0,
    "Config": {"Image": "r/shop@sha256:1", "Labels": {"forge.home": "h"}, "Tty": False},
    "HostConfig": {"PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20001"}]}},
    "NetworkSettings": {"Ports": {}, "Networks": {}},
    "State": {
        "Status": "running",
        "OOMKilled": False,
        "ExitCode": 0,
        "StartedAt": "2026-11-23T19:20:18.25Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
    },
}


def container(restarts: int = 0, **state):
    body = copy.deepcopy(CONTAINER)
    body["RestartCount"] = restarts
    body["State"] |= state
    return body


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.500000001Z", 1.500000001),
        ("1970-01-01T01:00:01.25+01:00", 1.25),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("yesterday", None),
    ],
)
def test_times_are_read_to_the_nanosecond(text, seconds):
    assert reading.unix_time(text) == seconds


def test_a_running_container():
    state = reading.instance(container())
    assert (state.name, state.status, state.exit_code, state.ended) == ("shop-dev-a1b2c3", "running", None, None)
    assert state.published == 20001
    assert state.started == pytest.approx(state.created + 0.4825, abs=0.001)
    assert state.health is None


def test_an_ended_container_has_a_code_and_a_time():
    body = container(restarts=4, Status="exited", ExitCode=137, OOMKilled=True, FinishedAt="2026-11-23T19:20:19.25Z")
    state = reading.instance(body)
    assert (state.exit_code, state.out_of_memory, state.restarts) == (137, True, 4)
    assert state.ended == (state.started or 0) + 1


@pytest.mark.parametrize(("docker", "ours"), [("removing", "dead"), ("restarting", "restarting"), ("dead", "dead")])
def test_statuses(docker, ours):
    assert reading.instance(container(Status=docker)).status == ours


@pytest.mark.parametrize(
    ("health", "ours"),
    [({"Status": "healthy"}, "healthy"), ({"Status": "none"}, None), (None, None)],
)
def test_health(health, ours):
    assert reading.instance(container(Health=health)).health == ours


def test_the_last_output_of_a_health_check_is_short():
    runs = [{"Output": "first"}, {"Output": "wget:\n refused " + "x" * 500}]
    text = reading.last_health_output(container(Health={"Status": "starting", "Log": runs}))
    assert text.startswith("wget: refused xxx")
    assert len(text) == 200
    assert reading.last_health_output(container()) == ""


def test_the_binding_in_force_counts_before_the_one_asked_for():
    body = container()
    body["NetworkSettings"]["Ports"] = {"9/tcp": None, "8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}]}
    assert reading.published_address(body) == ("0.0.0.0", 32768)
    assert reading.published_address(body, 8080) == ("0.0.0.0", 32768)
    assert reading.published_address(body, 81) is None


def test_an_image_names_its_digests_in_full():
    facts = reading.image(
        {
            "Id": "sha256:1",
            "RepoDigests": ["nginx@sha256:" + "a" * 64, "<none>@<none>"],
            "Created": "2026-01-01T00:00:00Z",
            "Size": 7,
            "Config": {
                "ExposedPorts": {"8080/tcp": {}, "80/tcp": {}, "53/udp": {}},
                "Labels": None,
                "Healthcheck": {"Test": ["CMD-SHELL", "wget -q x"], "Interval": 500000000},
            },
        }
    )
    assert facts.digests[0] == "docker.io/library/nginx@sha256:" + "a" * 64
    assert facts.ports == (80, 8080)
    assert facts.health_check == HealthCheck(
        command=("wget -q x",), interval=0.5, timeout=30, start_period=0, retries=3
    )
    assert facts.created == 1767225600
    assert facts.labels == {}


@pytest.mark.parametrize("check", [None, {}, {"Test": ["NONE"]}, {"Test": []}])
def test_an_image_may_have_no_health_check(check):
    assert reading.image({"Id": "1", "Config": {"Healthcheck": check}}).health_check is None


def test_an_event():
    attributes = {"forge.home": "h", "exitCode": "137", "image": "x"}
    body = {"Action": "die", "Actor": {"ID": "1f", "Attributes": attributes}, "time": 5, "timeNano": 5_500_000_000}
    assert reading.event(body) == EngineEvent(at=5.5, action="die", id="1f", labels=attributes, exit_code=137)


@pytest.mark.parametrize(
    ("line", "layer"),
    [
        (
            {"status": "Downloading", "id": "a1", "progressDetail": {"current": 5, "total": 9}},
            LayerProgress(id="a1", status="pulling", current=5, total=9),
        ),
        ({"status": "Already exists", "id": "a1", "progressDetail": {}}, LayerProgress(id="a1", status="exists")),
        ({"status": "Retrying in 5 seconds", "id": "a1"}, LayerProgress(id="a1", status="waiting")),
        ({"status": "Pull complete", "id": "a1"}, LayerProgress(id="a1", status="done")),
        ({"status": "Extracting", "id": "a1", "progressDetail": {"current": 5, "total": -1}},
         LayerProgress(id="a1", status="extracting", current=5)),
        ({"status": "Pulling from shop", "id": "sha256:1"}, None),
        ({"status": "Digest: sha256:1"}, None),
    ],
)  # fmt: skip
def test_the_lines_of_a_pull(line, layer):
    assert reading.layer(line) == layer


STATS = {
    "read": "1970-01-01T00:00:05.5Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
    "memory_stats": {"usage": 1000, "stats": {"inactive_file": 300, "cache": 700}, "limit": 5000},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 1}, "eth1": {"rx_bytes": 20, "tx_bytes": 2}},
}


def test_usage_sums_the_networks_and_leaves_the_page_cache_out():
    assert reading.usage(STATS) == Usage(at=5.5, cpu=1.5, memory=700, received=30, sent=3)


@pytest.mark.parametrize(
    ("memory", "bytes_"),
    [
        ({"usage": 1000, "stats": {"total_inactive_file": 400, "inactive_file": 100}}, 600),  # cgroup v1
        ({"usage": 1000, "stats": {"inactive_file": 100}}, 900),  # cgroup v2
        ({"usage": 1000, "stats": {"inactive_file": 4000}}, 1000),
        ({"usage": 1000}, 1000),
        ({}, None),
    ],
)
def test_memory_is_told_as_docker_stats_does(memory, bytes_):
    found = reading.usage({**STATS, "memory_stats": memory})
    assert found
    assert found.memory == bytes_


def test_a_container_on_the_machines_network_has_none_of_its_own():
    found = reading.usage({key: value for key, value in STATS.items() if key != "networks"})
    assert found
    assert (found.received, found.sent) == (None, None)


@pytest.mark.parametrize("body", [{}, {"read": "0001-01-01T00:00:00Z"}, {"read": STATS["read"], "cpu_stats": {}}])
def test_a_container_that_does_not_run_has_no_usage(body):
    assert reading.usage(body) is None
