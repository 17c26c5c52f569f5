"""A client of Docker's SDK for each way to an engine; the ways themselves are in tests/contract."""

from __future__ import annotations

import pytest
from docker.errors import DockerException

from forge.domain.errors import EngineError
from forge.engines.access import Access
from forge.engines.dial import dial
from tests.stub_server import Stub
from tests.unit.test_engines_link import docker_of


def test_nothing_of_the_environment_stands_between(monkeypatch, tmp_path):
    """A proxy of the environment would see what only the engine may see."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none"))
    with Stub(docker_of("1.41")) as stub:
        client = dial(Access(url=f"tcp://{stub.host}"), hello=5, timeout=60)
        assert (client.api_version, client.timeout) == ("1.41", 60)
        client.close()


def test_a_line_that_went_dead_is_noticed():
    from forge.engines.dial import _socket_options  # noqa: PLC0415

    assert len(_socket_options()) >= 4


def test_without_a_port_it_is_dockers_own(monkeypatch):
    asked = []

    def refuse(address, *_, **__):
        asked.append(address)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    for url in ("tcp://127.0.0.1", "https://127.0.0.1", "tcp://127.0.0.1:99"):
        with pytest.raises(DockerException):
            dial(Access(url=url), hello=5, timeout=5)
    assert [port for _, port in asked] == [2375, 2376, 99]


def test_what_may_not_be_sent_is_not():
    with pytest.raises(EngineError, match="as root"):
        dial(Access(url="tcp://far.example"), hello=5, timeout=5)
