"""The board names the steps of a deploy by hand: they must be those of the pipelines, in their order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forge.deploy.pipeline import PIPELINES
from forge.domain.stage import Strategy

ROOT = Path(__file__).parents[2]
STATUS = (ROOT / "ui/src/lib/status.ts").read_text("utf-8")


def names(text: str) -> list[str]:
    return re.findall(r"'([^']+)'", text)


def board(strategy: Strategy) -> list[str]:
    """The steps as status.ts has them, with its two shared lists written out."""
    shared = {name: re.search(rf"const {name} = \[(.*?)\]", STATUS, re.DOTALL)[1] for name in ("FIND", "PROVE")}
    line = re.search(rf"{strategy.value}: \[(.*?)\]", STATUS, re.DOTALL)[1]
    for name, items in shared.items():
        line = line.replace(f"...{name}", items)
    return names(line)


@pytest.mark.parametrize("strategy", Strategy)
def test_the_board_knows_every_step_in_its_order(strategy):
    assert board(strategy) == [step.name for step in PIPELINES[strategy]]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_step_has_a_word_in_every_language(language):
    words = (ROOT / f"ui/src/lib/i18n/{language}.ts").read_text("utf-8")
    block = re.search(r"\n  step: \{(.*?)\n  \}", words, re.DOTALL)[1]
    known = set(re.findall(r"^\s*'?([a-z- ]+?)'?: ", block, re.MULTILINE))
    assert {step.name for steps in PIPELINES.values() for step in steps} <= known
