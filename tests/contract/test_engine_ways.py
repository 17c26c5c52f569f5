"""An engine on another machine, by TLS and by SSH: the contract over each way, and what only it can get wrong."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge.domain.errors import EngineUnavailable, ForgeError
from forge.domain.secret import Secret
from forge.engines.docker import DockerEngine
from forge.ports import Engine
from tests.contract import test_engine as first
from tests.contract import test_engine_streams as second
from tests.contract.engine_worlds import HTTP, Bench, Reading, RealWorld, eventually
from tests.parts.certificates import Authority
from tests.parts.engine import Engine as EnginePart
from tests.parts.registry import Registry as RegistryPart
from tests.parts.sshd import Sshd
from tests.reaching import at

pytestmark = pytest.mark.real


@pytest.fixture
def ssh(sshd_part: Sshd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """Its `ssh` is the one that is found."""
    monkeypatch.setenv("PATH", str(sshd_part.path), prepend=":")
    yield sshd_part
    sshd_part.known()
    sshd_part.let_in()


@pytest.fixture(params=["tls", "ssh"])
def world(request: pytest.FixtureRequest, engine_part: EnginePart, registry_part: RegistryPart) -> Iterator[RealWorld]:
    """The same engine as from another machine: what it runs listens on an address that is not loopback."""
    if request.param == "tls":
        access = at(engine_part.tls_url, certs=engine_part.certs)
    else:
        access = at(request.getfixturevalue("ssh").url, listen=engine_part.host)
    world = RealWorld(engine_part, registry_part, access)
    yield world
    world.engine.close()
    engine_part.clear()


class TestTheSame:
    """One engine, another way to it."""

    test_versions = first.TestTheEngineItself.test_says_its_versions
    test_pull = first.TestImages.test_a_pulled_image_is_there_by_its_digest
    test_cancelled_pull = first.TestImages.test_a_pull_can_be_cancelled
    test_life = first.TestLiving.test_it_stops_restarts_and_goes
    test_stats = first.TestStats.test_what_an_instance_uses_is_counted_from_its_start_on
    test_log = second.TestLogs.test_lines_come_in_order_with_their_stream
    test_closed_follower = second.TestLogs.test_a_follower_is_closed_from_another_thread
    test_events = second.TestEvents.test_what_happens_to_an_instance_is_told
    test_closing = second.TestDockerGone.test_closing_ends_what_is_open


@pytest.mark.parametrize("world", ["tls"], indirect=True)
class TestTheSameByTls:
    """By SSH each question to a Docker that is away is a login: a lost login is looked at below instead."""

    test_gone = second.TestDockerGone.test_everything_says_so_and_works_again_afterwards


def test_instances_listen_where_the_engine_is_and_nowhere_else(engine: Engine, bench: Bench, world: RealWorld) -> None:
    reach = engine.reach()
    made = bench.running()
    assert eventually(lambda: engine.probe(made, 8080, HTTP).healthy is True)
    assert (reach.local, reach.listen, reach.host, reach.chosen) == (False, *[world.part.host] * 3)
    with contextlib.closing(world.part.client()) as client:
        bindings = client.api.inspect_container(made)["NetworkSettings"]["Ports"]["8080/tcp"]
    assert [binding["HostIp"] for binding in bindings] == [world.part.host]


def test_an_address_that_the_machine_does_not_have_is_told(engine: Engine, bench: Bench) -> None:
    made = engine.create(bench.spec(publish_host="198.51.100.7"))
    with pytest.raises(ForgeError, match="`listen`") as error:
        engine.start(made)
    assert error.value.code == "no_address"


# ---- what is wrong, exactly


def fault(url: str, **more: Any) -> tuple[str, str]:
    """The fault's word, or the error's code, and the sentence."""
    engine = DockerEngine("far", at(url, **more))
    try:
        with pytest.raises(ForgeError) as error:
            engine.version()
    finally:
        engine.close()
    return getattr(error.value, "fault", error.value.code), error.value.message


def pem(folder: Path) -> dict[str, Any]:
    """Certificates as a person pastes them."""
    texts = {name: (folder / f"{name}.pem").read_text() for name in ("ca", "cert", "key")}
    return {"ca": texts["ca"], "certificate": texts["cert"], "key": Secret(texts["key"])}


class TestTls:
    def test_pasted_certificates_open_it_and_leave_no_file(
        self, engine_part: EnginePart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        engine = DockerEngine("far", at(engine_part.tls_url, **pem(engine_part.certs)))
        assert engine.version().system.startswith("linux/")
        engine.close()
        assert list(tmp_path.iterdir()) == []

    def test_what_is_wrong_is_told(self, engine_part: EnginePart, tmp_path: Path) -> None:
        mine, theirs = pem(engine_part.certs), pem(Authority(tmp_path).client())
        url = engine_part.tls_url
        assert fault(url, **{**mine, "ca": theirs["ca"]})[0] == "tls_authority"
        assert fault(url, ca=mine["ca"])[0] == "tls_client"
        assert fault(url, **{**theirs, "ca": mine["ca"]})[0] == "tls_client"
        assert fault(url, **{**mine, "key": theirs["key"]})[0] == "tls_key"
        assert fault(url, **{**mine, "key": None})[0] == "tls_key"
        assert fault(url, insecure=True)[0] == "tls_wanted"
        assert fault(url.replace("2376", "1"), **mine)[0] == "connect"
        assert fault("tcp://no-such-name.invalid:2376", **mine)[0] == "name"

    def test_a_certificate_for_another_name_is_told(
        self, engine_part: EnginePart, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = socket.getaddrinfo
        monkeypatch.setattr("socket.getaddrinfo", lambda _host, *more: real(engine_part.host, *more))
        word, sentence = fault("tcp://far.example:2376", certs=engine_part.certs)
        assert (word, "not for far.example" in sentence) == ("tls_name", True)


class TestSsh:
    def test_what_is_wrong_is_told_with_what_to_run(self, ssh: Sshd) -> None:
        ssh.unknown()
        word, sentence = fault(ssh.url)
        assert (word, sentence.endswith(f"ssh -p {ssh.port} {ssh.url[6:].partition(':')[0]} true")) == (
            "ssh_unknown", True,
        )  # fmt: skip
        ssh.changed()
        word, sentence = fault(ssh.url)
        assert (word, f"ssh-keygen -R '[127.0.0.1]:{ssh.port}'" in sentence) == ("ssh_changed", True)
        ssh.known()
        ssh.let_in(allowed=False)
        assert fault(ssh.url)[0] == "ssh_denied"
        assert fault("ssh://127.0.0.1:1")[0] == "connect"
        assert fault("ssh://no-such-name.invalid")[0] == "name"

    def test_a_docker_that_does_not_run_there_is_told(self, ssh: Sshd, engine_part: EnginePart) -> None:
        ssh.offer("unix:///nowhere/docker.sock")
        try:
            assert fault(ssh.url)[0] == "ssh_down"
        finally:
            ssh.offer(engine_part.url)

    def test_a_login_that_is_lost_is_an_engine_that_went_away_and_comes_back(
        self, ssh: Sshd, engine_part: EnginePart
    ) -> None:
        engine = DockerEngine("far", at(ssh.url))
        events = Reading(engine.events())
        ssh.drop()
        events.join()
        assert isinstance(events.error, EngineUnavailable)
        assert eventually(lambda: answers(engine))
        engine.close()

    def test_closing_leaves_no_process_behind(self, ssh: Sshd) -> None:
        engine = DockerEngine("far", at(ssh.url))
        engine.version()
        assert ssh.clients()
        engine.close()
        assert eventually(lambda: not ssh.clients())


def answers(engine: Engine) -> bool:
    try:
        engine.ping()
    except EngineUnavailable:
        return False
    return True
