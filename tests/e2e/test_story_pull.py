"""What an image is pulled from, or to, gives out in the middle: the registry is cut off, the engine's disk is full."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.browser.relay import Relay
from tests.e2e.conftest import House
from tests.e2e.live import until
from tests.parts import images
from tests.parts.engine import Engine

pytestmark = pytest.mark.real
MB = 1 << 20


@pytest.fixture
def small_engine(tmp_path_factory):
    """An engine whose disk has 48 MB."""
    engine = Engine(tmp_path_factory.mktemp("small"))
    data = engine.folder / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(data)], check=True)
    try:
        engine.start()
        yield engine
        engine.clear()
        engine.down()
    finally:
        subprocess.run(["umount", "-l", str(data)], check=True)
        engine.stop()


def begin(forge, stage: str, tag: str) -> int:
    project, name = stage.split("/")
    return forge.do("POST", f"/api/projects/{project}/stages/{name}/deploys", {"tag": tag})["id"]


@pytest.mark.parametrize("part", ["line", "registry"])
def test_a_registry_that_is_cut_off_or_killed_in_the_middle_of_a_pull_costs_no_deploy(house, part):
    forge, name, tag = house.forge, f"pulled-{part}", f"dev-2-{part}"  # whose filler no other has
    with Relay(house.registry.port) as relay:
        forge.do("POST", "/api/registries", {"name": f"cut-{part}", "url": relay.url, "interval": 0})
        house.project(name, image=f"127.0.0.1:{relay.port}/{name}")
        images.push(house.registry, name, "dev-1")
        assert forge.deploy(f"{name}/dev", "dev-1")["status"] == "succeeded"
        images.push(house.registry, name, tag, filler=24 * MB)
        relay.pause, before = 0.005, relay.carried
        number = begin(forge, f"{name}/dev", tag)
        until(lambda: relay.carried - before > 4 * MB, "the pull is under way")
        relay.cut() if part == "line" else house.registry.kill()
        time.sleep(0.5)
        assert [one["name"] for one in forge.get(f"/api/deploys/{number}")["steps"]][-1] == "pull"
        assert house.page(f"dev-{name}") == (200, "dev-1\n")
        relay.pause = 0.0
        relay.mend() if part == "line" else house.registry.start()
        assert forge.wait(number)["status"] == "succeeded"
        assert house.page(f"dev-{name}") == (200, f"{tag}\n")


def test_an_engine_whose_disk_is_full_says_so_and_what_served_still_serves(start_forge, small_engine, house):
    full = House(start_forge("small", FORGE_ENGINE=small_engine.url), small_engine, house.registry, house.caddy)
    full.furnish()
    full.project("big")
    images.push(full.registry, "big", "dev-1")
    assert full.forge.deploy("big/dev", "dev-1")["status"] == "succeeded"
    images.push(full.registry, "big", "dev-2", filler=64 * MB)
    failed = full.forge.deploy("big/dev", "dev-2")
    assert (failed["status"], failed["failed_step"], failed["quarantine"]) == ("failed", "pull", None)
    assert "disk" in failed["failure"].lower()
    assert full.forge.serving("big/dev") == ["dev-1"]
    assert full.page("dev-big") == (200, "dev-1\n")
    images.push(full.registry, "big", "dev-3")
    assert full.forge.deploy("big/dev", "dev-3")["status"] == "succeeded"
