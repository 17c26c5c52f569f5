"""Completion, and the contract printed."""

from __future__ import annotations

import pytest
import requests

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


def test_a_link_signs_a_browser_in_once(shell):
    link = shell.run("open").stdout.strip()
    assert link.startswith(shell.json("open")["link"].partition("/sign-in")[0])
    for expected in ("forge_session", None):
        with requests.Session() as browser:
            browser.get(link, timeout=5)
            assert (browser.cookies.keys() or [None])[0] == expected
