"""A project on an engine of another machine, by TLS: it goes live, is rolled back, and outlives an outage."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real


@pytest.fixture
def far(house, far_engine_part):
    """Told as a person pastes it: certificates as text, the key to the vault."""
    ca, certificate, key = ((far_engine_part.certs / f"{name}.pem").read_text() for name in ("ca", "cert", "key"))
    house.forge.do(
        "POST",
        "/api/engines",
        {"name": "far", "url": far_engine_part.tls_url, "ca": ca, "certificate": certificate, "key": key},
    )
    return far_engine_part


def test_a_project_lives_on_another_machine(house, far):
    forge = house.forge
    said = forge.do("POST", "/api/engines/far/test")
    assert (said["ok"], said["listen"], said["engine"]["system"]) == (True, far.host, "linux/amd64")
    house.project("shop", stage("dev", keep=3), engine="far")
    for tag in ("dev-1", "dev-2"):
        images.push(house.registry, "shop", tag)
        deploy = forge.deploy("shop/dev", tag)
        assert deploy["status"] == "succeeded", deploy
        assert house.page("dev-shop") == (200, f"{tag}\n")
    only_there(house, far)
    check_rollback(house)
    check_outage(house, far)


def only_there(house, far):
    """It listens on that machine's address only, where health checks, the proxy and people reach it."""
    instance = house.forge.the_instance("shop/dev")
    target = instance["target"]
    assert (instance["engine"], target["host"]) == ("far", far.host)
    bindings = published(far, instance["container"])
    assert bindings == {(far.host, str(target["port"]))}
    assert names(house.engine) == set()


def check_rollback(house):
    first = house.forge.deploys("shop/dev")[1]
    back = house.forge.do("POST", "/api/projects/shop/stages/dev/rollback", {"deploy": first["id"]})
    assert house.forge.wait(back["id"])["status"] == "succeeded"
    assert house.page("dev-shop") == (200, "dev-1\n")


def check_outage(house, far):
    """What is asked for meanwhile waits or is refused with a sentence; then all goes on by itself."""
    forge = house.forge
    until(lambda: part(forge) is True, "the engine is followed")
    far.down()
    images.push(house.registry, "shop", "dev-3")
    until(lambda: part(forge) is False, "it is told that the engine is away")
    status, sentence = forge.refused("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-3"})
    assert (status, "“far” does not answer" in sentence) == (503, True)
    far.start()
    until(lambda: part(forge) is True, "it is told that it is back", 30)
    until(lambda: house.page("dev-shop") == (200, "dev-1\n"), "what served serves again", 30)
    assert forge.deploy("shop/dev", "dev-3")["status"] == "succeeded"
    assert house.page("dev-shop") == (200, "dev-3\n")


def part(forge):
    """Whether the engine answers, as far as Forge has heard of it."""
    parts = {(one["kind"], one["name"]): one["ok"] for one in forge.get("/api/health")["parts"]}
    return parts.get(("engine", "far"))


def published(engine, container):
    client = engine.client()
    try:
        ports = client.api.inspect_container(container)["NetworkSettings"]["Ports"]
    finally:
        client.close()
    return {(one["HostIp"], one["HostPort"]) for bindings in ports.values() for one in bindings or ()}


def names(engine):
    client = engine.client()
    try:
        return {name for one in client.api.containers(all=True) for name in one["Names"]}
    finally:
        client.close()
