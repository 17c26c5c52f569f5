"""The instances of a stage find one another by name, and a name never leads to what is not proven."""

from __future__ import annotations

import contextlib

import pytest

from tests.e2e.conftest import HTTP
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real


class Names:
    """What names mean, asked from inside a container."""

    def __init__(self, house) -> None:
        self._house = house

    def found(self, container: str, name: str) -> set[str]:
        """The names of the containers that `name` leads to, as `container` sees it."""
        with contextlib.closing(self._house.engine.client()) as client:
            said = client.containers.get(container).exec_run(["/bin/busybox", "nslookup", name, "127.0.0.11"])
            answer = said.output.decode().partition("\n\n")[2]
            addresses = {line.rpartition(" ")[2] for line in answer.splitlines() if line.startswith("Address")}
            return {
                there.name
                for there in client.containers.list()
                for network in there.attrs["NetworkSettings"]["Networks"].values()
                if network["IPAddress"] in addresses
            }


def test_names_lead_to_what_serves_and_a_candidate_finds_the_others(house):
    forge, names = house.forge, Names(house)
    house.project("base", aliases=["database"])
    house.project("shop", health={**HTTP, "timeout": 6})
    for name, tag, kind in (("base", "dev-1", "good"), ("shop", "dev-1", "good"), ("shop", "dev-2", "slow")):
        images.push(house.registry, name, tag, kind=kind)
    images.push(house.registry, "shop", "dev-3", kind="unhealthy")
    for key in ("base/dev", "shop/dev"):
        assert forge.deploy(key, "dev-1")["status"] == "succeeded"
    base, old = (forge.the_instance(key) for key in ("base/dev", "shop/dev"))
    assert names.found(old["name"], "database") == {base["name"]}
    assert names.found(base["name"], "shop") == {old["name"]}

    asked = forge.do("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-2"})
    until(lambda: bool(running(house, asked["id"])), "the candidate runs, and does not listen yet")
    (new,) = running(house, asked["id"])
    assert names.found(base["name"], "shop") == {old["name"]}, "nobody is led to what is not proven"
    assert names.found(new, "database") == {base["name"]}, "the candidate finds what it needs to start"
    assert forge.wait(asked["id"])["status"] == "succeeded"
    assert names.found(base["name"], "shop") == {new}

    assert forge.deploy("shop/dev", "dev-3")["status"] == "failed"
    assert names.found(base["name"], "shop") == {new}
    images.push(house.registry, "base", "dev-2")
    assert forge.deploy("base/dev", "dev-2")["status"] == "succeeded"
    assert names.found(new, "database") == {forge.the_instance("base/dev")["name"]} != {base["name"]}


def running(house, deploy):
    """The names of the containers that a deploy made and that run."""
    with contextlib.closing(house.engine.client()) as client:
        return [found.name for found in client.containers.list(filters={"label": f"forge.deploy={deploy}"})]
