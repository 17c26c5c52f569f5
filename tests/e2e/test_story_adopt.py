"""A container that somebody started by hand becomes Forge's, with its data; and comes back when that goes wrong."""

from __future__ import annotations

import contextlib
import time
import urllib.request

import pytest

from tests.canaries.kinds import canary
from tests.parts import images
from tests.parts.process import free_port

pytestmark = pytest.mark.real
PATH = "/api/engines/local/containers"
HEALTH = {"kind": "http", "path": "/", "timeout": 5}
PLANTED = canary()


class Old:
    """A container made by hand, that serves at `port` of this machine."""

    def __init__(self, house, name, kind="good", **more):
        self.port = free_port()
        digest = images.push(house.registry, name, "1.2.0", kind=kind)
        self._client = house.engine.client()
        image = f"{house.registry.address}/{name}:1.2.0"
        self._client.images.pull(image)
        self._container = self._client.containers.run(
            image, detach=True, name=f"old-{name}", ports={"8080/tcp": ("127.0.0.1", self.port)}, **more
        )
        self.id, self.digest = self._container.id, digest

    def running(self):
        self._container.reload()
        return self._container.status == "running"

    def there(self):
        return self.id in {one.id for one in self._client.containers.list(all=True)}


@contextlib.contextmanager
def old(house, name, kind="good", **more):
    """An old container, and its end."""
    made = Old(house, name, kind, **more)
    try:
        yield made
    finally:
        made._container.remove(force=True)
        made._client.close()


def wish(plan, **more):
    kept = {key: plan[key] for key in ("name", "stage", "pattern", "port")}
    return {**kept, "health": HEALTH, **more}


def test_it_is_proven_beside_the_old_one_which_a_person_then_stops(house):
    forge = house.forge
    environment = {"LOG_LEVEL": "info", "DB_PASSWORD": PLANTED}
    forge.watch.learn("variable of an adopted container", PLANTED)
    with old(house, "kiosk", "echo_env", environment=environment) as before:
        (listed,) = [one for one in forge.get(PATH) if one["id"] == before.id]
        assert (listed["name"], listed["adopted"]) == ("old-kiosk", None)
        plan = forge.get(f"{PATH}/{before.id}")
        assert (plan["tag"], plan["digest"], plan["port"], plan["publish"]) == (
            "1.2.0",
            before.digest,
            8080,
            before.port,
        )
        assert plan["variables"] == [{"name": "DB_PASSWORD", "secret": True}, {"name": "LOG_LEVEL", "secret": False}]
        assert (plan["beyond"], plan["obstacle"]) == ([], None)
        queued = forge.do("POST", f"{PATH}/{before.id}/adopt", wish(plan, name="kiosk"))
        deploy = forge.wait(queued["id"])
        assert deploy["status"] == "succeeded", deploy["failure"]
        assert (deploy["strategy"], deploy["digest"]) == ("side_by_side", before.digest)
        assert before.running()
        assert f"DB_PASSWORD={PLANTED}" in house.page("prod-kiosk", "/env")[1]
        assert forge.get("/api/projects/kiosk")["secrets"] == ["DB_PASSWORD"]
        stopped = forge.do("POST", f"{PATH}/{before.id}/stop")
        assert (stopped["serves"], stopped["stopped"]) == (True, True)
        assert (before.running(), before.there()) == (False, True)
        assert house.page("prod-kiosk")[0] == 200


def test_it_still_reaches_its_neighbours_by_name(house):
    forge = house.forge
    client = house.engine.client()
    client.networks.create("street")
    with old(house, "shopfront", network="street") as before, old(house, "storeroom", network="street"):
        plan = forge.get(f"{PATH}/{before.id}")
        assert (plan["networks"], plan["neighbours"]) == (["street"], ["old-storeroom"])
        deploy = forge.wait(forge.do("POST", f"{PATH}/{before.id}/adopt", wish(plan, name="shopfront"))["id"])
        assert deploy["status"] == "succeeded", deploy["failure"]
        ours = client.containers.get(forge.the_instance("shopfront/prod")["name"])
        assert ours.exec_run(["wget", "-qO-", "http://old-storeroom:8080/"]).output == b"1.2.0\n"
        forge.do("DELETE", "/api/projects/shopfront")
    client.close()


def test_its_port_and_its_data_go_over_and_the_old_one_stops_first(house):
    forge = house.forge
    volumes = {"till-data": {"bind": "/data", "mode": "rw"}}
    with old(house, "till", "writes_volume", volumes=volumes) as before:
        until(lambda: read(before.port, "/data/tags") == "1.2.0\n")
        plan = forge.get(f"{PATH}/{before.id}")
        assert [(one["kind"], one["source"], one["exclusive"]) for one in plan["volumes"]] == [
            ("external", "till-data", True)
        ]
        body = wish(plan, name="till", keep_port=True)
        assert forge.refused("POST", f"{PATH}/{before.id}/adopt", body)[0] == 409
        assert before.running()
        deploy = forge.wait(forge.do("POST", f"{PATH}/{before.id}/adopt", {**body, "stop_first": True})["id"])
        assert deploy["status"] == "succeeded", deploy["failure"]
        assert (before.running(), before.there()) == (False, True)
        assert read(before.port, "/data/tags") == "1.2.0\n1.2.0\n"
        forge.do("DELETE", "/api/projects/till?volumes=true")
        client = house.engine.client()
        assert "till-data" in {volume.name for volume in client.volumes.list()}
        client.close()


def test_what_does_not_get_healthy_gives_the_port_back_to_the_old_one(house):
    forge = house.forge
    with old(house, "stall") as before:
        plan = forge.get(f"{PATH}/{before.id}")
        ill = {"kind": "http", "path": "/nowhere", "timeout": 2}
        body = wish(plan, name="stall", keep_port=True, stop_first=True, health=ill)
        deploy = forge.wait(forge.do("POST", f"{PATH}/{before.id}/adopt", body)["id"])
        assert deploy["status"] == "failed"
        assert before.running()
        until(lambda: read(before.port, "/") == "1.2.0\n")


def until(holds, patience=10):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if holds():
                return
        time.sleep(0.1)
    pytest.fail("It did not come about")


def read(port, path):
    """The page that a port of this machine shows."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()
