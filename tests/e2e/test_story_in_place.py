"""Where two cannot run at once: a volume that only one may have, or a fixed port."""

from __future__ import annotations

import urllib.request

import pytest

from tests.e2e.conftest import HTTP, stage
from tests.parts import images
from tests.parts.process import free_port

pytestmark = pytest.mark.real
VOLUME = {"kind": "named", "source": "data", "path": "/data", "exclusive": True}


def test_a_volume_that_only_one_may_have_keeps_its_data_through_good_and_bad_deploys(house):
    forge = house.forge
    house.project("ledger", volumes=[VOLUME], health={**HTTP, "timeout": 3})
    for tag, kind in (("dev-1", "writes_volume"), ("dev-2", "writes_volume"), ("dev-3", "unhealthy")):
        images.push(house.registry, "ledger", tag, kind=kind)
    done = [forge.deploy("ledger/dev", "dev-1"), forge.deploy("ledger/dev", "dev-2")]
    assert [deploy["status"] for deploy in done] == ["succeeded"] * 2
    assert (done[1]["strategy"], done[1]["strategy_reason"]) == ("in_place", "the volume at /data is exclusive")
    assert house.page("dev-ledger", "/data/tags") == (200, "dev-1\ndev-2\n")
    served = forge.the_instance("ledger/dev")
    failed = forge.deploy("ledger/dev", "dev-3")
    assert failed["status"] == "failed"
    again = forge.the_instance("ledger/dev")
    assert (again["id"], again["status"]) == (served["id"], "running")
    assert house.page("dev-ledger", "/data/tags") == (200, "dev-1\ndev-2\ndev-2\n")  # it was started again


def test_deleting_says_what_goes_and_a_volume_goes_only_where_asked(house):
    forge = house.forge
    house.project("archive", volumes=[VOLUME])
    images.push(house.registry, "archive", "dev-1", kind="writes_volume")
    assert forge.deploy("archive/dev", "dev-1")["status"] == "succeeded"
    told = forge.get("/api/projects/archive/deletion")
    assert (len(told["instances"]), len(told["volumes"]), len(told["routes"])) == (1, 1, 1)
    done = forge.do("DELETE", "/api/projects/archive")
    assert done["instances"] == told["instances"]
    assert volumes(house, "archive") == 1
    house.leads_nowhere("dev-archive")
    house.project("archive", volumes=[VOLUME])
    assert forge.deploy("archive/dev", "dev-1")["status"] == "succeeded"
    assert house.page("dev-archive", "/data/tags") == (200, "dev-1\ndev-1\n")
    forge.do("DELETE", "/api/projects/archive?volumes=true")
    assert volumes(house, "archive") == 0
    assert forge.ask("GET", "/api/projects/archive").status == 404


def volumes(house, project):
    """How many of the project's volumes the engine has."""
    client = house.engine.client()
    try:
        return sum(f"-{project}-" in volume.name for volume in client.volumes.list())
    finally:
        client.close()


def test_a_fixed_port_leads_to_the_new_instance_and_back_to_the_old_if_it_fails(house):
    forge, port = house.forge, free_port()
    fixed = stage("dev", publish=port)
    house.project("fixed", fixed, proxy="published", health={**HTTP, "timeout": 3})
    for tag, kind in (("dev-1", "good"), ("dev-2", "good"), ("dev-3", "crashing")):
        images.push(house.registry, "fixed", tag, kind=kind)
    seen = []
    for tag in ("dev-1", "dev-2", "dev-3"):
        deploy = forge.deploy("fixed/dev", tag)
        seen.append((deploy["status"], read(f"http://127.0.0.1:{port}/")))
    assert seen == [("succeeded", "dev-1\n"), ("succeeded", "dev-2\n"), ("failed", "dev-2\n")]
    assert deploy["strategy"] == "in_place"


def test_a_quick_deploy_needs_an_image_and_nothing_else(house):
    forge = house.forge
    image = f"{house.registry.address}/org/quick:main-7"
    images.push(house.registry, "org/quick", "main-7", kind="healthcheck", env={"PORT": "9000"})
    told = forge.do("POST", "/api/images/inspect", {"image": image})
    assert (told["name"], told["port"], told["stage"]) == ("quick", 9000, "dev")
    assert told["health"]["kind"] in {"auto", "image"}
    assert told["why"]
    deploy = forge.wait(forge.do("POST", "/api/deploy", {"image": image, "proxy": "published"})["id"])
    assert deploy["status"] == "succeeded", deploy["failure"]
    instance = forge.the_instance("quick/dev")
    assert instance["url"].startswith("http://localhost:")
    assert read(instance["url"] + "/") == "main-7\n"


def test_a_quick_deploy_of_nothing_is_refused_with_a_sentence(house):
    status, sentence = house.forge.refused(
        "POST", "/api/deploy", {"image": f"{house.registry.address}/there-is/nothing:1"}
    )
    assert status in {404, 422}
    assert "there-is/nothing" in sentence
    assert all(project["name"] != "nothing" for project in house.forge.get("/api/projects"))


def read(url):
    """The page that is there."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()
