"""The data folder's own disk: full while Forge writes, and read-only when it starts."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.forge_process import ForgeProcess
from tests.e2e.live import until

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
