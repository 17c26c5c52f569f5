"""Rules of size and form that every module keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES = 400
FUNCTION_LINES = 40
FORGE = sorted((ROOT / "forge").rglob("*.py"))
ALL = sorted([*FORGE, *(ROOT / "tests").rglob("*.py")])
WITHOUT_TEST_FILE = ("__init__.py", "__main__.py", "ports.py")  # the ports' tests are the contract tests


def name(path: Path) -> str:
    """The path as a person says it."""
    return path.relative_to(ROOT).as_posix()


every_module = pytest.mark.parametrize("path", ALL, ids=name)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a module, also those inside others."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_there_are_modules_to_look_at():
    assert len(FORGE) > 20


@every_module
def test_a_module_can_be_read_in_one_sitting(path):
    assert len(path.read_text().splitlines()) <= MODULE_LINES, "Split it by what it is about."


@every_module
def test_a_function_fits_on_a_screen(path):
    long = [f.name for f in functions(path) if f.end_lineno - f.lineno + 1 > FUNCTION_LINES]
    assert not long, f"Longer than {FUNCTION_LINES} lines: {', '.join(long)}."


@every_module
def test_a_module_says_what_it_is_for(path):
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "Open it with one line of what it is for."


@pytest.mark.parametrize("path", [path for path in FORGE if path.name not in WITHOUT_TEST_FILE], ids=name)
def test_a_module_has_its_test_file(path):
    words = path.relative_to(ROOT / "forge").with_suffix("").parts
    test = ROOT / "tests/unit" / f"test_{'_'.join(words)}.py"
    assert test.exists(), f"Write {name(test)}."
    assert any(f.name.startswith("test_") for f in functions(test)), f"{name(test)} holds no test."
