"""build.ps1, read by a grammar of PowerShell: its words, and what each runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

Command = tuple[str, ...]
FILE = Path(__file__).parents[2] / "build.ps1"
PROGRAMS = {"$VenvPython": "python", "npm.cmd": "npm", "$python[0]": "PYTHON"}


def tree(text: bytes | None = None) -> Node:
    return Parser(Language(tree_sitter_powershell.language())).parse(text or FILE.read_bytes()).root_node


def nodes(node: Node, kind: str) -> Iterator[Node]:
    """All of a kind, in the order of the text."""
    if node.type == kind:
        yield node
    for child in node.children:
        yield from nodes(child, kind)


def text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def newer_than_5_1(root: Node) -> list[str]:
    """Places that Windows PowerShell 5.1 does not understand; the grammar knows no `?:`, `??` and `?.` either."""
    wrong = [*nodes(root, "ERROR"), *nodes(root, "pipeline_chain_tail")]
    return [f"line {node.start_point[0] + 1}: {text(node)[:60]}" for node in wrong]


@cache
def functions() -> dict[str, Node]:
    return {text(next(nodes(node, "function_name"))): node for node in nodes(tree(), "function_statement")}


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Word → the functions that it calls, in order."""
    found = {}
    for clause in nodes(tree(), "switch_clause"):
        word = text(next(nodes(clause, "switch_clause_condition"))).strip("'")
        found[word] = tuple(text(next(nodes(command, "command_name"))) for command in nodes(clause, "command"))
    return {word: called for word, called in found.items() if word != "default"}


def commands(word: str) -> list[Command]:
    """What a word runs, in order, each once."""
    found: dict[Command, None] = {}
    for name in words()[word]:
        _collect(name, found)
    return list(found)


def _collect(name: str, found: dict[Command, None]) -> None:
    function = functions()[name]
    lists = {}
    for assigned in nodes(function, "assignment_expression"):
        left, _, right = text(assigned).partition("=")
        lists[left.strip()] = _strings(assigned) if right.strip().startswith("@('") else []
    for command in nodes(function, "command"):
        called = [text(node) for node in nodes(command, "command_name")][:1]
        if called == ["Invoke-Checked"]:
            found[_command(command, lists)] = None
        elif called and called[0] in functions() and called[0].startswith("Invoke-"):
            _collect(called[0], found)


def _command(command: Node, lists: dict[str, list[str]]) -> Command:
    elements = next(nodes(command, "command_elements"))
    first, *rest = (node for node in elements.children if node.type != "command_argument_sep")
    program = text(first).strip("'")
    if script := re.search(r"Join-Path \$Scripts '([\w-]+)\.exe'", program):
        program = script[1]
    given: list[str] = []
    for element in rest:
        for name, values in lists.items():
            given += values if any(text(node) == name for node in nodes(element, "variable")) else []
        given += _strings(element)
    return (PROGRAMS.get(program, program), *given)


def _strings(node: Node) -> list[str]:
    return [text(found).strip("'") for found in nodes(node, "string_literal")]
