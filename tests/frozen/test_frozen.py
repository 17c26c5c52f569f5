"""What the one file does in an empty environment."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from forge import __version__
from tests.parts import images

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test waits for the build
NOBODY = 65534


def run(executable: Path, *words: str, home: Path, **more: object) -> subprocess.CompletedProcess[str]:
    """The program with nothing in its environment but a HOME."""
    return subprocess.run(
        [executable, *words], env={"HOME": str(home)}, cwd="/", capture_output=True, text=True, timeout=60,
        check=False, **more,
    )  # fmt: skip


def test_it_says_its_version_its_commit_and_when_that_was_made(executable, tmp_path):
    said = run(executable, "--version", home=tmp_path).stdout
    assert re.fullmatch(rf"forge {__version__} \(commit [0-9a-f]{{12}}(\+changes)?, built 20\S+Z\)\n", said), said


def test_its_checksum_lies_beside_it(executable):
    digest, name = (executable.parent / "forge.sha256").read_text().split()
    assert (digest, name) == (hashlib.sha256(executable.read_bytes()).hexdigest(), "forge")


def test_somebody_without_rights_runs_its_self_test(executable, tmp_path):
    tmp_path.chmod(0o755)
    theirs = tmp_path / "forge"
    theirs.write_bytes(executable.read_bytes())
    theirs.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o755)
    done = run(theirs, "self-test", home=home, user=NOBODY, group=NOBODY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 8


def test_an_image_is_deployed_and_people_reach_it(house):
    house.project("shop")
    images.push(house.registry, "shop", "dev-1")
    with house.forge.live() as board:
        house.forge.do("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"})
        board.wait_deploy("succeeded", "dev-1")
    assert house.page("dev-shop") == (200, "dev-1\n")


def test_the_board_and_its_scripts_come_from_the_file(house):
    page = house.forge.ask("GET", "/", headers={})
    scripts = re.findall(rb'src="(/_app/[^"]+)"', page.body)
    assert page.status == 200
    assert scripts
    for script in scripts:
        answer = house.forge.ask("GET", script.decode(), headers={})
        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/javascript")
    assert house.forge.get("/api/openapi.json")["openapi"].startswith("3.1")


def test_its_command_line_speaks_with_it(house):
    forge = house.forge
    said = run(forge.executable, "--data", str(forge.data), "status", home=forge.data.parent)
    assert said.returncode == 0, said.stderr
    assert "shop/dev" in said.stdout


def test_at_the_end_nothing_of_it_is_left(house):
    forge = house.forge
    unpacked = [path.name for path in forge.unpacked.iterdir() if path.name.startswith("_MEI")]
    assert unpacked, "it unpacks where TMPDIR says"
    code, seconds = forge.stop()
    assert code == 0
    assert seconds < 5
    assert list(forge.unpacked.iterdir()) == []
