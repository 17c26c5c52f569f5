"""The contexts of Docker's command line as engines that Forge could have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.domain.connection import ConnectionKind, EngineConnection
from forge.domain.errors import Conflict, EngineUnavailable, Invalid, NotFound
from forge.domain.secret import Secret
from forge.engines.contexts import DockerContexts
from tests.parts.certificates import Authority
from tests.unit.deploying import make_world
from tests.unit.test_engines_contexts import write


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = make_world(tmp_path / "data", monkeypatch, start=False)
    yield made
    made.forge.close()


@pytest.fixture
def docker(tmp_path):
    folder = tmp_path / "docker"
    folder.mkdir()
    return folder


@pytest.fixture
def offers(world, docker):
    return replace(
        world.forge.discovery.contexts, contexts=DockerContexts(docker), usual=lambda: "unix:///run/usual.sock"
    )


def write_with_certificates(docker, tmp_path, name="prod"):
    client = Authority(tmp_path / "authority").client()
    write(docker, name, "tcp://10.0.0.5:2376", tls=("ca.pem", "cert.pem", "key.pem"))
    place = next((docker / "contexts" / "tls").glob("*/docker"))
    for file in ("ca.pem", "cert.pem", "key.pem"):
        (place / file).write_bytes((client / file).read_bytes())
    return client


def test_each_says_what_forge_has_of_it(world, offers, docker):
    write(docker, "desktop", "unix:///run/usual.sock")
    write(docker, "plain", "tcp://10.0.0.5:2375")
    write(docker, "Prod.EU")
    found = {one.name: one for one in offers.all()}
    assert found["desktop"].engine == "local", "what it uses without being told"
    assert (found["Prod.EU"].engine, found["Prod.EU"].fault) == (None, None)
    assert "as root" in found["plain"].fault
    assert offers.take("Prod.EU", actor="ann").name == "prod-eu"
    assert {one.name: one.engine for one in offers.all()}["Prod.EU"] == "prod-eu"


def test_it_is_taken_over_with_its_certificates_and_the_key_goes_to_the_vault(world, offers, docker, tmp_path):
    client = write_with_certificates(docker, tmp_path)
    seen = []
    near = world.forge.adapters.factories.engine
    world.forge.adapters.factories = replace(
        world.forge.adapters.factories, engine=lambda one, key: (seen.append(key), near(one, key))[1]
    )
    made = offers.take("prod", actor="ann")
    key = Secret((client / "key.pem").read_text())
    assert world.forge.connections.get(EngineConnection, "prod") == made
    assert (made.ca, made.certificate) == ((client / "ca.pem").read_text(), (client / "cert.pem").read_text())
    assert world.forge.store.secrets.get("engine/prod/key") == key
    assert seen[0] == key, "it was asked with what it will be asked with"
    with pytest.raises(Conflict, match="prod is there already"):
        offers.take("prod", actor="ann")


def test_of_one_that_does_not_answer_nothing_is_kept(world, offers, docker, tmp_path):
    write_with_certificates(docker, tmp_path)
    world.engine.down = True
    with pytest.raises(EngineUnavailable):
        offers.take("prod", actor="ann")
    assert [one.name for one in world.forge.connections.all(EngineConnection)] == ["local"]
    assert not world.forge.connections.has_secret(ConnectionKind.ENGINE, "prod")


def test_what_cannot_be_taken_over_is_told(offers, docker):
    write(docker, "plain", "tcp://10.0.0.5:2375")
    with pytest.raises(NotFound):
        offers.take("nope", actor="ann")
    with pytest.raises(Invalid, match="as root"):
        offers.take("plain", actor="ann")
