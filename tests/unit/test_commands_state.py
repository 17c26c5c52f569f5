"""Options that every command has."""

from __future__ import annotations

import pytest

from forge.commands.state import State
from forge.domain.errors import Invalid
from tests.commanding import (
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)


def test_common_options_may_stand_before_or_after_the_command(shell):
    folder = str(shell.folder)
    before = run("--json", "--data", folder, "settings", "get").stdout
    assert run("settings", "get", "--json", "--data", folder).stdout == before
    assert before.startswith("{")


def test_the_data_folder_may_come_from_the_environment(shell):
    assert run("settings", "get", "domain", FORGE_DATA=str(shell.folder)).stdout == "localhost\n"


def test_a_flag_beats_everything_else(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGE_PORT", "1")
    monkeypatch.setenv("FORGE_DATA", "/nowhere")
    settings = State(data=str(tmp_path)).settings(port="7")
    assert (settings.port, settings.data) == (7, tmp_path)


def test_a_setting_that_cannot_be_is_said_with_its_flag(tmp_path):
    with pytest.raises(Invalid, match="the flag --port"):
        State(data=str(tmp_path)).settings(port="x")
