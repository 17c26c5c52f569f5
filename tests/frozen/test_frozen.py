"""What the one file does in an empty environment, for somebody without rights."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from forge import __version__
from tests.frozen.conftest import NOBODY
from tests.parts import images

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test waits for the build


def run(executable: Path, *words: str, home: Path, **more: object) -> subprocess.CompletedProcess[str]:
    """The program, for somebody without rights, with nothing in its environment but a HOME."""
    return subprocess.run(
        [executable, *words], env={"HOME": str(home)}, cwd="/", capture_output=True, text=True, timeout=60,
        check=False, user=NOBODY, group=NOBODY, extra_groups=[], **more,
    )  # fmt: skip


def test_it_says_its_version_its_commit_and_when_that_was_made(executable, home):
    said = run(executable, "--version", home=home).stdout
    assert re.fullmatch(rf"forge {__version__} \(commit [0-9a-f]{{12}}(\+changes)?, built 20\S+Z\)\n", said), said


def test_its_checksums_lie_beside_it(built):
    lines = [line.split("  ") for line in (built.parent / "forge.sha256").read_text().splitlines()]
    assert [name for _, name in lines] == ["forge", "forge.cdx.json"]
    for digest, name in lines:
        assert digest == hashlib.sha256((built.parent / name).read_bytes()).hexdigest()


def test_what_it_holds_is_written_down_beside_it(built):
    bill = json.loads((built.parent / "forge.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    whole = bill["metadata"]["component"]
    assert whole["version"] == __version__
    assert whole["hashes"][0]["content"] == hashlib.sha256(built.read_bytes()).hexdigest()
    found = {component["bom-ref"]: component for component in bill["components"]}
    assert len(found) == len(bill["components"]), "each reference is there once"
    names = {ref.rpartition("@")[0] for ref in found}
    assert {"pkg:pypi/flask", "pkg:pypi/waitress", "pkg:npm/svelte", "pkg:generic/python"} <= names
    assert not {"pkg:pypi/pytest", "pkg:pypi/mypy", "pkg:npm/vitest", "pkg:npm/typescript"} & names
    assert any(ref.startswith("file:libsqlite3") for ref in found)
    assert all(component.get("version") or component.get("hashes") for component in bill["components"])
    (rust,) = (part for ref, part in found.items() if ref.startswith("pkg:pypi/cryptography@"))
    assert "openssl" in {part["name"] for part in rust["components"]}


def test_what_is_written_down_is_the_same_each_time(built, tmp_path):
    code = "import sys, json; sys.path.insert(0, 'spec'); import sbom, version; from pathlib import Path\n"
    code += "print(json.dumps(sbom.describe(Path(sys.argv[1]), version.facts(), version.stamp()), sort_keys=True))"
    again = [
        subprocess.run([sys.executable, "-c", code, built], env={**os.environ, "PYTHONHASHSEED": seed}, text=True,
                       stdout=subprocess.PIPE, check=True, cwd=built.parents[1]).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert again[0] == again[1]


def test_somebody_without_rights_runs_its_self_test(executable, home):
    done = run(executable, "self-test", home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") >= 7
    assert "✗" not in done.stdout


def test_the_unit_that_it_prints_runs_this_file(executable, home):
    assert f"ExecStart={executable} serve --data /var/lib/forge\n" in run(executable, "service", home=home).stdout


def test_a_service_manager_hears_it_from_behind_its_loader(executable, home):
    """What systemd starts, watches and ends is the loader; who speaks is its child."""
    address = home / "notify"
    environment = {"HOME": str(home), "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}
    as_systemd = 'WATCHDOG_PID=$$ exec "$0" serve --port 0'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(30)
        manager.bind(str(address))
        os.chown(address, NOBODY, NOBODY)
        with subprocess.Popen(
            ["/bin/sh", "-c", as_systemd, executable],
            env=environment,
            stderr=subprocess.DEVNULL,
            user=NOBODY,
            group=NOBODY,
        ) as loader:
            heard = [manager.recv(1000).decode() for _ in range(4)]
            loader.terminate()
            while not heard[-1].startswith("STOPPING=1"):
                heard.append(manager.recv(1000).decode())
            assert loader.wait(30) == 0
    assert heard[1].startswith("READY=1\nSTATUS=Answers at http://127.0.0.1:")
    assert heard[2] == heard[3] == "WATCHDOG=1"


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
