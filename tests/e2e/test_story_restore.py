"""Nothing lost: a backup, another data folder, and people who never notice; and what is damaged or full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.forge_process import ROOT, ForgeProcess
from tests.e2e.live import until
from tests.e2e.visitor import Visitor
from tests.parts import images

pytestmark = pytest.mark.real
WORDS, SECRET = "correct horse battery", "p1anted-s3cret"
PROJECTS = ("moved", "later")


def command(forge: ForgeProcess, data: Path, *words: str, code: int = 0) -> str:
    """What `forge WORDS` says, typed by somebody who has the passphrase in a variable."""
    run = subprocess.run(
        [sys.executable, "-m", "forge", "--data", str(data), *words],
        cwd=ROOT, env={**forge.environment, "WORDS": WORDS}, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout + run.stderr


def containers(house) -> dict[str, str]:
    """Since when each container of the engine runs."""
    client = house.engine.client()
    try:
        return {one.id: one.attrs["State"]["StartedAt"] for one in client.containers.list()}
    finally:
        client.close()


def test_restored_on_another_folder_what_runs_is_taken_up_and_nobody_notices(house, tmp_path):
    old, file, there = house.forge, tmp_path / "taken.backup", tmp_path / "there"
    for name in PROJECTS:
        house.project(name, secrets={"PASSWORD": SECRET})
        go_live(house, old, name, "dev-1")
    visitors = [Visitor(house.caddy, f"dev-{name}.localhost") for name in PROJECTS]
    try:
        assert "The key is in it" in command(old, old.data, "backup", str(file), "--passphrase-env", "WORDS")
        assert SECRET.encode() not in file.read_bytes()
        go_live(house, old, "later", "dev-2")  # after the backup: it does not know of it
        before = what_runs(house, old)
        assert old.stop()[0] == 0
        assert "2 projects" in command(old, there, "restore", str(file), "--passphrase-env", "WORDS")
        new = ForgeProcess(there, FORGE_ENGINE=house.engine.url)
        new.start()
        until(lambda: new.serving("later/dev") != ["dev-1"], "what runs is taken up")
        until(lambda: new.get("/api/health")["status"] == "ok", "all is well")
        assert what_runs(house, new) == before
        assert new.deploys("later/dev")[0]["status"] == "succeeded"
    finally:
        for visitor in visitors:
            visitor.leave()
    assert [visitor.faults for visitor in visitors] == [[], []]
    assert all(visitor.asked > 50 for visitor in visitors)
    goes_on(house, new)
    assert new.stop()[0] == 0
    assert new.faults() == []


def go_live(house, forge, name: str, tag: str) -> None:
    images.push(house.registry, name, tag)
    assert forge.deploy(f"{name}/dev", tag)["status"] == "succeeded"
    assert house.page(f"dev-{name}") == (200, f"{tag}\n")


def what_runs(house, forge):
    """What Forge says of its instances, what the engine says, and what Caddy has."""
    fields = ("id", "container", "target", "digest", "status")
    said = {name: forge.the_instance(f"{name}/dev") for name in PROJECTS}
    instances = {name: [one[field] for field in fields] for name, one in said.items()}
    return instances, containers(house), house.caddy.config()


def goes_on(house, forge) -> None:
    """The restored one deploys, with the secrets that came along, and leaves nothing over."""
    for name in PROJECTS:
        go_live(house, forge, name, "dev-3")
    client = house.engine.client()
    try:
        moved = client.containers.get(forge.the_instance("moved/dev")["container"])
        assert f"PASSWORD={SECRET}" in moved.attrs["Config"]["Env"]
    finally:
        client.close()
    assert len(containers(house)) == len(PROJECTS)


def test_a_damaged_database_is_told_with_the_way_back_and_left_as_it_is(start_forge):
    forge = start_forge("damaged")
    forge.do("POST", "/api/registries", {"name": "kept", "url": "http://127.0.0.1:5999", "interval": 0})
    name = forge.do("POST", "/api/backups")["name"]
    forge.do("DELETE", "/api/registries/kept")
    assert forge.stop()[0] == 0
    database = forge.data / "forge.db"
    ruined = bytearray(database.read_bytes())
    ruined[4096 * 2 : 4096 * 12] = os.urandom(4096 * 10)
    database.write_bytes(ruined)
    code, said = forge.again()
    assert code == 25, said
    assert f"`forge restore --data {forge.data} {name}` puts the last backup back" in said
    assert "Nothing was changed" in said
    assert database.read_bytes() == ruined
    assert "The backup" in command(forge, forge.data, "restore", name, "--yes")
    forge.start()
    assert [one["name"] for one in forge.get("/api/registries")] == ["kept"]


def test_a_second_forge_on_the_folder_says_so_and_neither_restores_nor_disturbs(start_forge, tmp_path):
    forge = start_forge("two")
    code, said = forge.again()
    assert (code, "Another Forge runs" in said) == (21, True)
    file = tmp_path / "taken.backup"
    command(forge, forge.data, "backup", str(file))
    assert "Forge runs on" in command(forge, forge.data, "restore", str(file), "--yes", code=21)
    assert forge.get("/api/health")["status"] in {"ok", "degraded"}
