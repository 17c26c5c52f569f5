"""The workflows that build Forge elsewhere: each word that they type is there, and each action is pinned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules import makefile, powershell

FILES = sorted((Path(__file__).parents[2] / ".github/workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[Any, Any]] = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in FILES}
WORKFLOW = WORKFLOWS["build"]
STEPS = [(job, step) for one in WORKFLOWS.values() for job, body in one["jobs"].items() for step in body["steps"]]
RUNS = [step for _, step in STEPS if "run" in step]


def test_it_is_started_by_pushes_and_by_proposals():
    assert set(WORKFLOW[True]) == {"push", "pull_request"}  # YAML 1.1 takes `on` for true
    assert all(one["permissions"] == {"contents": "read"} for one in WORKFLOWS.values())


def test_what_is_known_against_packages_is_asked_each_week_and_apart_from_the_build():
    audit = WORKFLOWS["audit"]
    assert set(audit[True]) == {"schedule", "workflow_dispatch"}
    (weekly,) = audit[True]["schedule"]
    minute, hour, day, month, weekday = weekly["cron"].split()
    assert (day, month) == ("*", "*")
    assert all(part.isdigit() for part in (minute, hour, weekday))
    assert [step["run"] for step in RUNS if "audit" in step["run"]] == ["make audit"]


@pytest.mark.parametrize("step", RUNS, ids=lambda step: step["name"])
def test_a_step_types_one_word_of_ours(step):
    found = re.fullmatch(r"(?:sudo --preserve-env=PATH )?(make|\./build\.ps1) (\w+)", step["run"])
    assert found, step["run"]
    assert found[2] in (makefile.words() if found[1] == "make" else powershell.words())


@pytest.mark.parametrize("step", [step for _, step in STEPS if "uses" in step], ids=lambda step: step["uses"])
def test_an_action_is_pinned(step):
    """By commit; one that is not GitHub's own, and runs only on a Gitea, by its major version."""
    name, _, version = step["uses"].partition("@")
    assert re.fullmatch(r"[0-9a-f]{40}" if name.startswith("actions/") else r"v\d+", version)


def test_three_systems_build_and_keep_the_file_with_its_checksums():
    build = WORKFLOW["jobs"]["build"]
    systems = [entry["system"].partition("-")[0] for entry in build["strategy"]["matrix"]["include"]]
    assert set(systems) == {"linux", "windows", "macos"}
    kept = [step["with"] for step in build["steps"] if "upload-artifact" in step.get("uses", "")]
    assert len(kept) == 2
    assert all(one["path"] == "dist/" and one["if-no-files-found"] == "error" for one in kept)


def test_windows_builds_with_both_powershells():
    shells = {step["shell"] for _, step in STEPS if "build.ps1" in step.get("run", "")}
    assert shells == {"pwsh", "powershell"}


def test_it_is_pythons_and_nodes_version_that_the_makefile_asks_for():
    versions = {name: value for _, step in STEPS for name, value in step.get("with", {}).items() if "version" in name}
    assert tuple(map(int, versions["python-version"].split("."))) >= (3, 11)
    assert int(versions["node-version"]) >= 20
