"""bandit finds nothing in Forge; what it is told to pass over stands in pyproject.toml, a reason beside each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.rules.test_modules import FORGE, ROOT


def found(*paths: Path, config: Path = ROOT / "pyproject.toml") -> list[str]:
    """What bandit says of them."""
    argv = [sys.executable, "-m", "bandit", "-q", "-f", "json", "-c", str(config), "-r", *map(str, paths)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["errors"] == []
    return [f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}" for one in told["results"]]


def test_bandit_finds_nothing():
    assert found(ROOT / "forge") == []


def test_it_would_find_something(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("import pickle, ssl\npickle.loads(b'')\nssl._create_unverified_context()\n")
    assert {line.split()[1] for line in found(bad)} >= {"B301", "B323"}


def test_every_exception_is_in_one_place_with_its_reason():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    skipped = tomllib.loads(text)["tool"]["bandit"]["skips"]
    assert len(skipped) < 12
    for name in skipped:
        assert re.search(rf'"{name}",.*# \w.{{15}}', text), f"{name} has no reason"
    assert [path for path in FORGE if "# nosec" in path.read_text("utf-8")] == []
