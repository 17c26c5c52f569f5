"""A Forge whose way to Docker is a filter: what docs/docker-endpoints.md does not list is refused, and not missed."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import HTTP, House, stage
from tests.e2e.live import until
from tests.parts import images
from tests.parts.filter import Filter, documented

pytestmark = [pytest.mark.real, pytest.mark.promise("least-power")]
USUAL = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE"}
USUAL |= {"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}


@pytest.fixture(scope="module")
def filtered(tmp_path_factory, engine_part):
    with Filter(tmp_path_factory.mktemp("filter"), engine_part.url) as filtered:
        yield filtered


@pytest.fixture(scope="module")
def house(start_forge, filtered, engine_part, registry_part, caddy_part):
    caddy_part.reset()
    house = House(start_forge(FORGE_ENGINE=filtered.url), engine_part, registry_part, caddy_part)
    house.furnish()
    yield house
    engine_part.clear()
    caddy_part.reset()


def made_of(house, instance):
    """What Docker says of the container."""
    client = house.engine.client()
    try:
        return client.api.inspect_container(instance["container"])
    finally:
        client.close()


def theirs(house):
    """A network, a volume and a container that were there before Forge."""
    client = house.engine.client()
    try:
        client.networks.create("theirs")
        client.api.create_volume("theirs")
        image = f"{house.registry.address}/shop:dev-1"
        client.images.pull(image)
        client.containers.run(image, detach=True, name="old", ports={"8080/tcp": ("127.0.0.1", None)})
    finally:
        client.close()


def volumes():
    return [
        {"kind": "named", "path": "/data", "source": "data"},
        {"kind": "external", "path": "/theirs", "source": "theirs"},
    ]


def test_a_whole_life_asks_for_nothing_that_is_not_on_the_list(house, filtered):
    forge = house.forge
    for number in (1, 2, 3):
        images.push(house.registry, "shop", f"dev-{number}", kind="crashing" if number == 2 else "good")
    theirs(house)
    house.project(
        "shop", stage("dev", keep=1, bake=120), networks=["theirs"], volumes=volumes(), pre_deploy=["migrate"],
        health={**HTTP, "timeout": 5},
    )  # fmt: skip
    forge.do("POST", "/api/engines/local/test")
    assert forge.deploy("shop/dev", "dev-1")["status"] == "succeeded"
    check_powers(made_of(house, forge.the_instance("shop/dev")), USUAL)
    assert forge.deploy("shop/dev", "dev-2")["status"] == "failed"
    cancel_in_bake(forge, "dev-3")
    instance = forge.the_instance("shop/dev")
    path = f"/api/instances/{instance['id']}"
    for what in ("stop", "start", "restart"):
        forge.do("POST", f"{path}/{what}")
    with forge.live(f"/api/events?topics=state,instance:{instance['id']},metrics"):
        until(lambda: ("GET", "/V/containers/{id}/stats") in filtered.used, "it is measured")
    (old,) = forge.get("/api/engines/local/containers")
    assert forge.get(f"/api/engines/local/containers/{old['id']}")["image"].endswith("/shop")
    filtered.busy = 1
    assert forge.ask("DELETE", path).status == 204
    assert forge.ask("DELETE", "/api/projects/shop?volumes=true").status == 200
    assert filtered.refused == []
    assert [row for row in documented() if row not in filtered.used] == []


def cancel_in_bake(forge, tag):
    """People are sent to it, and then back: it loses the names that it was given."""
    deploy = forge.do("POST", "/api/projects/shop/stages/dev/deploys", {"tag": tag})["id"]
    until(lambda: "bake" in {step["name"] for step in forge.get(f"/api/deploys/{deploy}")["steps"]}, "it is baking")
    forge.do("POST", f"/api/deploys/{deploy}/cancel")
    assert forge.wait(deploy)["status"] == "cancelled"


def check_powers(body, capabilities):
    host = body["HostConfig"]
    assert {name.removeprefix("CAP_") for name in host["CapAdd"] or ()} == capabilities
    assert (host["CapDrop"], host["SecurityOpt"], host["Privileged"]) == (["ALL"], ["no-new-privileges"], False)
    assert not any("docker.sock" in str(mount) for mount in body["Mounts"])


def test_a_project_that_wants_no_capability_runs_without_any(house):
    house.project("plain", capabilities=["NONE"])
    images.push(house.registry, "plain", "dev-1")
    assert house.forge.deploy("plain/dev", "dev-1")["status"] == "succeeded"
    check_powers(made_of(house, house.forge.the_instance("plain/dev")), set())


def test_what_is_not_on_the_list_is_refused_by_the_filter(filtered):
    """The test above can fail."""
    import docker  # noqa: PLC0415

    before, client = len(filtered.refused), docker.DockerClient(base_url=filtered.url)
    try:
        with pytest.raises(docker.errors.APIError, match="403"):
            client.api.init_swarm()
    finally:
        client.close()
    assert [path.split("/")[-1] for _, path in filtered.refused[before:]] == ["init"]
    del filtered.refused[before:]
