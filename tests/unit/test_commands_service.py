"""service: a unit that systemd takes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forge.cli import _EXIT_BY_CODE
from forge.commands.service import exec_line
from forge.commands.state import EXITS
from tests.commanding import run


def read(unit: str) -> dict[str, dict[str, list[str]]]:
    """Section → name → values."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in unit.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, sign, value = line.partition("=")
            assert sign, line
            section.setdefault(name, []).append(value)
    return found


def test_the_machines_unit_runs_this_very_program_and_nothing_beside_it():
    service = read(run("service", "--port", "9000").stdout)["Service"]
    expected = f"{sys.executable} -m forge serve --port 9000 --data /var/lib/forge"
    assert service["ExecStart"] == [expected]
    assert (service["Type"], service["NotifyAccess"]) == (["notify"], ["all"])
    assert (service["User"], service["SupplementaryGroups"]) == (["forge"], ["docker"])
    assert (service["StateDirectory"], service["ProtectSystem"]) == (["forge"], ["strict"])
    assert service["Environment"] == ["TMPDIR=/var/cache/forge"]


def test_a_unit_of_ones_own_uses_ones_own_data_folder(tmp_path):
    unit = read(run("service", "--user").stdout)
    assert unit["Service"]["ExecStart"] == [f"{sys.executable} -m forge serve"]
    assert unit["Install"]["WantedBy"] == ["default.target"]
    assert "User" not in unit["Service"]
    own = read(run("--data", str(tmp_path), "service", "--user").stdout)
    assert own["Service"]["ExecStart"] == [f"{sys.executable} -m forge serve --data {tmp_path}"]


def test_account_group_and_folder_are_ones_choice():
    said = run("--data", "/var/lib/deploys/forge", "service", "--account", "deployer", "--group", "podman").stdout
    service = read(said)["Service"]
    assert (service["User"], service["SupplementaryGroups"]) == (["deployer"], ["podman"])
    assert (service["StateDirectory"], service["CacheDirectory"]) == (["deploys/forge"], ["deploys/forge"])
    assert service["ExecStart"][0].endswith("--data /var/lib/deploys/forge")
    assert "sudo -u deployer forge --data /var/lib/deploys/forge status" in said


def test_mistakes_are_said_before_anything_is_printed(tmp_path):
    elsewhere = run("--data", str(tmp_path), "service", code=2)
    assert "below /var/lib" in elsewhere.stderr
    assert elsewhere.stdout == ""
    assert "--port" in run("service", "--port", "99999", code=2).stderr


def test_it_is_not_started_again_where_that_would_mend_nothing():
    service = read(run("service").stdout)["Service"]
    given_up = set(service["RestartPreventExitStatus"][0].split())
    assert given_up >= {str(code) for code in _EXIT_BY_CODE.values() if code >= 20}
    assert "1" not in given_up


def test_the_guide_has_the_codes_that_keep_it_from_starting():
    guide = (Path(__file__).parents[2] / "docs/install.md").read_text("utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", guide, re.MULTILINE)}
    assert told == {2, 255, *(code for code in _EXIT_BY_CODE.values() if code >= 20)}
    assert told <= set(EXITS)


def test_a_path_with_signs_of_systemds_own_is_that_path():
    assert exec_line(["/opt/for ge/100%", "-m", "a$b"]) == '"/opt/for ge/100%%" -m "a$$b"'


@pytest.mark.parametrize("flags", [(), ("--user",)])
def test_systemd_itself_finds_no_fault(tmp_path, flags):
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not here; the other tests read the unit")
    unit = tmp_path / "forge.service"
    unit.write_text(run("service", *flags).stdout)
    done = subprocess.run(
        [verify, "verify", *flags, unit], capture_output=True, text=True, timeout=60, check=False,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "forge.service" in line]
    assert ours == [], done.stderr
    assert done.returncode == 0, done.stderr
