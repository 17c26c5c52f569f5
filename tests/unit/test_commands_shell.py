"""Completion, and the contract printed."""

from __future__ import annotations

import pytest

from tests.commanding import (
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell_name):
    assert "_FORGE_COMPLETE" in run("completion", shell_name).stdout


def test_completion_knows_commands_and_their_options():
    asked = {"_FORGE_COMPLETE": "bash_complete", "COMP_WORDS": "forge dep", "COMP_CWORD": "1"}
    assert run(**asked).stdout == "plain,deploy\nplain,deploys\n"


def test_the_contract_is_printed(shell):
    assert shell.json("openapi")["openapi"] == "3.1.0"
