"""The Docker engine against a stub that answers as several versions of Docker do."""

from __future__ import annotations

import json
import socket
from urllib.parse import unquote

import pytest

from forge.domain.errors import EngineError
from forge.domain.project import HealthKind, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.engines import machine
from forge.engines.docker import DockerEngine
from forge.ports import HOME_LABEL, InstanceSpec, Probe
from tests.reaching import at
from tests.stub_server import Seen, Sent, Stub

DIGEST = "sha256:" + "a" * 64
IMAGE = f"127.0.0.1:5000/shop@{DIGEST}"
ABOUT = {"Version": "1", "ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}


class Docker:
    """A Docker that answers from a table: (method, path after the version) → JSON or (status, message)."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, str], object] = {("GET", "/version"): ABOUT}

    def __call__(self, seen: Seen) -> Sent:
        answer = self.table.get((seen.method, unquote(seen.path).removeprefix("/v1.41")), (404, f"no {seen.path}"))
        if isinstance(answer, tuple):
            return Sent(status=answer[0], body=json.dumps({"message": answer[1]}).encode())
        return Sent(body=json.dumps(answer).encode())


@pytest.fixture
def stub():
    with Stub(Docker()) as stub:
        yield stub


@pytest.fixture
def engine(stub):
    engine = DockerEngine("local", at(f"tcp://{stub.host}"))
    yield engine
    engine.close()


def test_a_pull_that_ends_well_without_the_digest_is_an_error(stub, engine):
    stub.answer.table["POST", "/images/create"] = {"status": "Status: Image is up to date"}
    stub.answer.table["GET", f"/images/{IMAGE}/json"] = {"Id": "sha256:old", "RepoDigests": ["other@" + DIGEST]}
    with pytest.raises(EngineError) as error:
        engine.pull(IMAGE, None, print, lambda: False)
    assert error.value.code == "not_pulled"


def test_docker_hubs_short_names_count_as_what_they_mean(stub, engine):
    stub.answer.table["GET", f"/images/docker.io/library/nginx@{DIGEST}/json"] = {
        "Id": "sha256:1",
        "RepoDigests": [f"nginx@{DIGEST}"],
    }
    engine.pull(f"docker.io/library/nginx@{DIGEST}", None, print, lambda: False)
    assert not any(seen.method == "POST" for seen in stub.seen)


def test_the_images_of_a_repository_are_told_from_its_namesakes(stub, engine):
    stub.answer.table["GET", "/images/json"] = [
        {"Id": "1", "RepoDigests": [f"nginx@{DIGEST}"], "RepoTags": None},
        {"Id": "2", "RepoDigests": None, "RepoTags": ["nginx:1"]},
        {"Id": "3", "RepoDigests": [f"me/nginx@{DIGEST}"], "RepoTags": ["nginx-x:1", "<none>:<none>"]},
    ]
    assert [facts.id for facts in engine.images("docker.io/library/nginx")] == ["1", "2"]


def test_a_port_that_docker_publishes_is_not_handed_out_nor_one_twice(stub, engine, monkeypatch):
    stub.answer.table["GET", "/containers/json"] = [{"Ports": [{"PublicPort": 20000}, {"PrivatePort": 1}]}, {}]
    monkeypatch.setattr("forge.engines.machine._PORTS", range(20000, 20003))
    monkeypatch.setattr("forge.engines.machine.can_bind", lambda _port: True)
    assert {engine.free_port(frozenset()), engine.free_port(frozenset())} == {20001, 20002}
    with pytest.raises(EngineError):
        engine.free_port(frozenset())


def test_disk_of_an_engine_elsewhere_is_not_known(stub, engine, tmp_path):
    stub.answer.table["GET", "/info"] = {"DockerRootDir": str(tmp_path)}
    assert (engine.free_disk() or 0) > 0
    stub.answer.table["GET", "/info"] = {"DockerRootDir": "/not/here"}
    assert (engine.free_disk() or 0) > 0, "asked once for a connection"
    engine.close()
    assert engine.free_disk() is None
    assert DockerEngine("far", at("tcp://far.example:2376")).free_disk() is None


def test_a_secret_does_not_come_back_in_an_error(stub, engine):
    stub.answer.table["POST", "/containers/create"] = (400, "invalid environment variable: TOKEN=planted-pw")
    spec = InstanceSpec(
        name="x", image=IMAGE, port=80, publish=20000, labels={}, environment={"TOKEN": Secret("planted-pw")}
    )
    with pytest.raises(EngineError) as error:
        engine.create(spec)
    assert "planted-pw" not in error.value.message


def test_an_existing_network_with_a_longer_name_is_another_one(stub, engine):
    stub.answer.table["GET", "/networks"] = [{"Name": "forge-net-2"}]
    stub.answer.table["POST", "/networks/create"] = (409, "network with name forge-net already exists")
    stub.answer.table["POST", "/containers/create"] = {"Id": "1f"}
    spec = InstanceSpec(name="x", image=IMAGE, port=80, publish=20000, labels={HOME_LABEL: "h"}, network="forge-net")
    assert engine.create(spec) == "1f"
    assert ("POST", "/v1.41/networks/create") in [(seen.method, seen.path) for seen in stub.seen]


def test_a_removal_under_way_is_waited_for(stub, engine):
    stub.answer.table["DELETE", "/containers/1f"] = (409, "removal of container 1f is already in progress")
    stub.answer.table["POST", "/containers/1f/wait"] = {"StatusCode": 0}
    engine.remove("1f")
    assert stub.seen[-1].query["condition"] == "removed"


def test_a_forge_that_is_a_container_asks_over_the_network_it_shares(stub, engine, monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "IN_A_CONTAINER", tmp_path)
    monkeypatch.setattr(machine, "MOUNTS", tmp_path / "none")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = {
            "Id": "1f",
            "Name": "/shop",
            "Created": "",
            "Config": {"Image": "x"},
            "HostConfig": {},
            "NetworkSettings": {"Networks": {"shared": {"IPAddress": "127.0.0.1"}}},
            "State": {"Status": "running"},
        }
        ours = {**theirs, "Id": "2e"}
        stub.answer.table["GET", "/containers/1f/json"] = theirs
        stub.answer.table["GET", f"/containers/{socket.gethostname()}/json"] = ours
        port = listening.getsockname()[1]
        assert engine.probe("1f", port, Probe(kind=HealthKind.TCP)).healthy is True


@pytest.mark.parametrize(
    ("speaks", "asked"), [("1.41", {"stream": "False", "one-shot": "True"}), ("1.40", {"stream": "False"})]
)
def test_stats_ask_for_one_measurement_where_docker_knows_that(stub, engine, speaks, asked):
    stub.answer.table["GET", "/version"] = {**ABOUT, "ApiVersion": speaks}
    assert engine.stats("1f") is None
    assert stub.seen[-1].query == asked


def test_an_external_volume_that_is_the_engines_socket_by_another_name_is_refused(stub, engine):
    stub.answer.table["GET", "/volumes/sly"] = {
        "Name": "sly", "Labels": None, "Options": {"type": "none", "o": "bind", "device": "/var/run"},
    }  # fmt: skip
    volumes = (Volume(kind=VolumeKind.EXTERNAL, path="/x", source="sly"),)
    with pytest.raises(EngineError) as error:
        engine.create(InstanceSpec(name="a", image=IMAGE, port=80, publish=20001, labels={}, volumes=volumes))
    assert error.value.code == "socket"
    assert [seen.path for seen in stub.seen if seen.method == "POST"] == []


def test_forges_own_volume_goes_to_no_instance_and_forge_is_no_stranger(stub, engine, monkeypatch):
    own = "5" * 64
    monkeypatch.setattr(machine, "own_container", lambda: own)
    stub.answer.table["GET", f"/containers/{own}/json"] = {
        "Id": own,
        "Mounts": [{"Type": "volume", "Name": "forge_data"}],
    }
    stub.answer.table["GET", "/containers/json"] = [{"Id": own, "Image": "forge", "State": "running", "Created": 0}]
    volumes = (Volume(kind=VolumeKind.EXTERNAL, path="/x", source="forge_data"),)
    with pytest.raises(EngineError, match="Forge's own") as error:
        engine.create(InstanceSpec(name="a", image=IMAGE, port=80, publish=20001, labels={}, volumes=volumes))
    assert error.value.code == "own_volume"
    assert [seen.path for seen in stub.seen if seen.method == "POST"] == []
    assert engine.strangers() == ()
