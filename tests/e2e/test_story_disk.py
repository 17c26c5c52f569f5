"""The data folder's own disk: full while Forge writes, in the middle of a deploy too, and read-only when it starts."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.conftest import House
from tests.e2e.forge_process import ForgeProcess
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real


@pytest.fixture
def disk(tmp_path):
    """A small one of its own; called with `ro` or `rw` it is mounted anew as that."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def again(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", str(folder)], check=True)
    yield folder, again
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def forge(engine_part, disk):
    """On that disk; its log is beside, where there is room."""
    made = ForgeProcess(disk[0] / "data", FORGE_ENGINE=engine_part.url)
    made.log = disk[0].parent / "forge.log"
    yield made
    if made.running():
        made.kill()


def fill(folder) -> None:
    """Take what room there is."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12):
            try:
                while filler.write(b"x" * size) == size:
                    pass
            except OSError:
                pass


def test_a_disk_that_is_full_in_the_middle_of_a_deploy_stops_it_and_what_served_serves_until_it_goes_on(
    forge, disk, engine_part, registry_part, caddy_part
):
    folder, _ = disk
    forge.start()
    house = House(forge, engine_part, registry_part, caddy_part)
    house.furnish()
    house.project("filled")
    images.push(registry_part, "filled", "dev-1")
    assert forge.deploy("filled/dev", "dev-1")["status"] == "succeeded"
    images.push(registry_part, "filled", "dev-2", kind="slow", env={"START_AFTER": "3"})
    number = forge.do("POST", "/api/projects/filled/stages/dev/deploys", {"tag": "dev-2"})["id"]
    steps = f"/api/deploys/{number}"
    until(lambda: "wait until healthy" in [one["name"] for one in forge.get(steps)["steps"]], "it is under way")
    fill(folder)
    until(lambda: f"deploy #{number} stands still" in forge.log.read_text("utf-8"), "it says so")
    assert house.page("dev-filled") == (200, "dev-1\n")
    (folder / "filler").unlink()
    assert forge.wait(number)["status"] == "failed"  # taken back, and tried once more
    until(lambda: forge.deploys("filled/dev")[0]["id"] > number, "it is tried once more")
    assert forge.next_deploy("filled/dev", "dev-2")["status"] == "succeeded"
    until(lambda: house.page("dev-filled") == (200, "dev-2\n"), "people see it")
    until(lambda: len(forge.instances("filled/dev")) == 1, "one is there")
    assert forge.stop()[0] == 0
    engine_part.clear()
    caddy_part.reset()


def registry(name: str, port: int) -> dict:
    return {"name": name, "url": f"http://127.0.0.1:{port}", "interval": 0}


def test_a_full_disk_and_a_read_only_one_are_told_and_nothing_is_lost(forge, disk):
    folder, mounted = disk
    forge.start()
    forge.do("POST", "/api/registries", registry("kept", 1))
    name = forge.do("POST", "/api/backups")["name"]
    fill(folder)
    # what is in the write-ahead log already has room; what comes then has none
    refusals = [forge.ask("POST", "/api/registries", registry(f"more-{n}", 10 + n)) for n in range(100)]
    full = [answer for answer in refusals if answer.status != 201]
    assert full
    assert {answer.status for answer in full} == {503}
    assert "check the disk of the data folder" in full[-1].json["detail"]
    status, sentence = forge.refused("POST", "/api/backups")
    assert (status, "room" in sentence or "disk" in sentence) == (503, True)
    assert forge.ask("GET", "/api/health").status == 200
    assert [one["name"] for one in forge.get("/api/backups")["backups"]] == [name]
    (folder / "filler").unlink()
    until(lambda: forge.ask("POST", "/api/registries", registry("after", 2)).status == 201, "it writes again")
    kept = {one["name"] for one in forge.get("/api/registries")}
    assert {"kept", "after"} <= kept
    assert len(kept) == 2 + len(refusals) - len(full)
    assert forge.stop()[0] == 0

    mounted("ro")
    code, said = forge.again()
    assert (code, "Read-only file system" in said, "cannot be used" in said) == (22, True, True)
    mounted("rw")
    forge.start()
    assert {one["name"] for one in forge.get("/api/registries")} == kept
    assert forge.stop()[0] == 0
    assert not list((folder / "data").glob(".backup-*"))
