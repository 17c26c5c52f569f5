"""The way to an engine, and what the environment says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forge.domain.connection import EngineConnection
from forge.domain.errors import EngineError
from forge.domain.secret import Secret
from forge.engines.access import Access, access_of, contexts_of, from_environment, usual_socket, usual_url
from tests.unit.test_engines_contexts import write


@pytest.fixture
def environment(tmp_path):
    """With a folder of Docker's in which there are contexts, one of them current."""
    write(tmp_path, "desktop", "unix:///run/desktop.sock")
    write(tmp_path, "prod", "tcp://10.0.0.5:2376", tls=("ca.pem",))
    use(tmp_path, "desktop")
    return {"DOCKER_CONFIG": str(tmp_path)}


def use(folder, name):
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


def test_what_was_said_last_decides_as_with_dockers_command_line(environment, tmp_path):
    assert from_environment({**environment, "DOCKER_HOST": "ssh://h", "DOCKER_CONTEXT": "prod"}).url == "ssh://h"
    prod = from_environment({**environment, "DOCKER_CONTEXT": "prod"})
    assert (prod.url, prod.tls) == ("tcp://10.0.0.5:2376", True)
    assert from_environment(environment).url == "unix:///run/desktop.sock"
    assert from_environment({**environment, "DOCKER_CONTEXT": "default"}).url == usual_socket()
    use(tmp_path, "gone")
    assert from_environment(environment).url == usual_socket()


def test_choosing_a_context_in_some_terminal_does_not_move_forge_to_another_machine(environment, tmp_path):
    use(tmp_path, "prod")
    assert from_environment(environment).url == usual_socket()


def test_a_context_that_is_asked_for_and_cannot_be_used_is_told(environment):
    with pytest.raises(EngineError, match="none of that name"):
        from_environment({**environment, "DOCKER_CONTEXT": "nope"})
    assert usual_url({**environment, "DOCKER_CONTEXT": "nope"}) is None


def test_dockers_own_variables_name_the_certificates(environment, tmp_path):
    host = {**environment, "DOCKER_HOST": "tcp://10.0.0.5:2376"}
    assert from_environment({**host, "DOCKER_CERT_PATH": "/etc/certs"}).certs == Path("/etc/certs")
    assert from_environment({**host, "DOCKER_TLS_VERIFY": "1"}).certs == tmp_path
    assert from_environment(host).certs is None
    with pytest.raises(EngineError, match="as root"):
        from_environment(host).checked()


def test_dockers_host_is_offered_beside_its_contexts(environment):
    found = contexts_of({**environment, "DOCKER_HOST": "ssh://h"})
    assert [one.name for one in found.all()] == ["DOCKER_HOST", "desktop", "prod"]


def test_a_connections_own_address_comes_first(monkeypatch):
    key = Secret("the key")
    own = EngineConnection(name="far", url="tcp://h:2376", certs="/etc/certs", listen="10.0.0.5")
    made = access_of(own, key)
    assert (made.url, made.certs, made.listen, made.key) == ("tcp://h:2376", Path("/etc/certs"), "10.0.0.5", None)
    usual = Access(url="ssh://usual")
    assert access_of(EngineConnection(name="local", listen="10.0.0.2"), None, usual) == Access(
        url="ssh://usual", listen="10.0.0.2"
    )
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/mine.sock")
    assert access_of(EngineConnection(name="local"), None).url == "unix:///run/mine.sock"


def test_an_address_that_cannot_be_is_an_error_of_the_engine():
    with pytest.raises(EngineError, match="no engine's address"):
        Access(url="nonsense").checked()
