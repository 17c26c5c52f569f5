"""build.ps1 cannot be run where Forge is made: it is read by a grammar, and each step held against the Makefile's."""

from __future__ import annotations

import re

import pytest

from tests.rules import makefile, powershell

# On Windows there is no Docker, registry and Caddy of Debian's to test with, and the window needs no GTK.
LINUX = {("@PYTHON=$(PYTHON)", "tests/parts/setup.sh"), *makefile.commands("window")} - {*makefile.commands("setup")}
ON_WINDOWS = {("python", "-m", "pytest", "-n", "2"): ("python", "-m", "pytest", "-n", "2", "-m", "not real")}
NOT_THERE = {"parts", "window", "demo", "folder", "reproducible", "bench", "pictures", "lock", "audit"}


def test_windows_powershell_5_1_understands_it():
    assert powershell.newer_than_5_1(powershell.tree()) == []


@pytest.mark.parametrize("newer", ["a && b", "a || b", "$x ? 1 : 2", "$a ?? 1", "$a ??= 1", "$a?.b"])
def test_what_only_powershell_7_understands_is_seen(newer):
    assert powershell.newer_than_5_1(powershell.tree(newer.encode()))


def test_it_is_plain_ascii():
    """Windows PowerShell 5.1 reads a file without a byte order mark as the machine's own code page."""
    assert powershell.FILE.read_bytes().isascii()


def test_it_has_the_makefiles_words():
    assert set(powershell.words()) | {"help"} == makefile.words() - NOT_THERE
    allowed = re.search(r"ValidateSet\(([^)]*)\)", powershell.FILE.read_text())[1]
    assert set(re.findall(r"'(\w+)'", allowed)) == set(powershell.words()) | {"help"}
    told = re.findall(r"^    build\.ps1 (\w+) ", powershell.FILE.read_text(), re.MULTILINE)
    assert set(told) == set(powershell.words())


@pytest.mark.parametrize("word", ["setup", "ui", "lint", "build", "test"])
def test_a_word_runs_what_the_makefiles_runs_in_its_order(word):
    expected = [ON_WINDOWS.get(command, command) for command in makefile.commands(word) if command not in LINUX]
    assert expected
    environment = ("$(PYTHON)", "-m", "venv", ".venv")
    made = [command for command in expected if command[0] != "@$(PYTHON)" and command != environment]
    found = powershell.commands(word)
    assert ("PYTHON", "-m", "venv", ".venv") in found
    assert [command for command in found if command[0] != "PYTHON"] == made


def test_what_is_cleaned_is_cleaned_by_both():
    for made in (".venv", ".build", "build", "dist", "ui/node_modules", "ui/.svelte-kit"):
        assert made in makefile.TEXT
        assert f"'{made.replace('/', chr(92))}'" in powershell.FILE.read_text()


def test_every_program_is_run_by_the_function_that_stops_at_a_failure():
    """Windows PowerShell goes on after a program that failed."""
    called = {powershell.text(node) for node in powershell.nodes(powershell.tree(), "command_name")}
    ours = set(powershell.functions())
    cmdlets = {name for name in called if re.fullmatch(r"[A-Z][a-z]+-[A-Z]\w+", name)}
    assert called - ours - cmdlets <= {"$Program", "$candidate[0]", "node"}  # the first is inside it
