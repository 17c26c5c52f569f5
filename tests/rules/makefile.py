"""What the Makefile's words run, in order, as lists of words; setup and packages only when they are somebody's need."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

Command = tuple[str, ...]
TEXT = (Path(__file__).parents[2] / "Makefile").read_text("utf-8")
_LEFT_OUT = {"@test", "@touch", "rm", "find"}  # how make keeps house


def words() -> set[str]:
    """What a person may type behind `make`."""
    return set(re.findall(r"^([a-z]+):.*##", TEXT, re.MULTILINE))


def commands(word: str) -> list[Command]:
    """Of a word and of what it needs, each once; `python` is the environment's, `PYTHON` the one that makes it."""
    found: dict[Command, None] = {}
    _collect(word, found)
    return list(found)


def _collect(target: str, found: dict[Command, None]) -> None:
    named = {"$(INSTALLED)": r"\$\(INSTALLED\)", "$(PACKAGES)": r"\$\(PACKAGES\)"}.get(target, re.escape(target))
    rule = re.search(rf"^{named}:([^\n]*)\n((?:\t[^\n]*\n)*)", TEXT, re.MULTILINE)
    if rule is None:
        return  # a file
    for needed in rule[1].partition("##")[0].split():
        _collect(needed, found)
    for line in rule[2].splitlines():
        for part in line.strip().split(" && "):
            if command := _command(part):
                found[command] = None


def _command(part: str) -> Command:
    split = shlex.split(part.partition(" || ")[0].replace("$(BIN)/", ""), posix=True)
    if not split or split[0] in _LEFT_OUT or split[0] == "cd" or "sys.version_info" in part:
        return ()
    return tuple(split)
