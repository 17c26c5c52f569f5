"""What people and programs get to see, and what no terminal may."""

from __future__ import annotations

import io
import json
import sys

import pytest

from forge.commands import output


def test_in_a_pipe_a_table_is_plain_columns(capsys):
    output.table(("name", "on"), [("shop", True), ("a-long-name", None), ("n", 300.0)])
    assert capsys.readouterr().out == "NAME         ON\nshop         yes\na-long-name\nn            300\n"


def test_without_rows_it_is_said_that_there_is_nothing(capsys):
    output.table(("name",), [], "Nothing yet.")
    assert capsys.readouterr().out == "Nothing yet.\n"


def test_on_a_terminal_a_table_is_drawn_and_markup_is_text(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    output.table(("name",), [("[red]shop[/red]",)])
    assert "[red]shop[/red]" in screen.getvalue()
    assert "─" in screen.getvalue()


def test_nothing_from_outside_can_drive_the_terminal(capsys):
    output.line("\x1b[31mred\x1b[0m \x1b]0;title\x07\r\nnext\u009b2J")
    assert capsys.readouterr().out == "red ·]0;title···next·2J\n"


def test_a_thing_is_told_field_by_field_without_the_empty_ones(capsys):
    output.fields({"limits": {"memory": None, "cpus": None}})
    assert capsys.readouterr().out == "limits: none\n"
    output.fields({"a": 1, "none": None, "empty": [], "in": {"b": ["x", "y"], "no": False}})
    assert capsys.readouterr().out == "a: 1\nin:\n  b: x, y\n  no: no\n"


def test_a_digest_is_told_by_the_part_people_compare():
    assert output.short("sha256:" + "ab" * 32) == "abababababab"
    assert output.short(None) == ""


def test_one_is_not_many():
    assert [output.count(number, "tag", "tags") for number in (0, 1, 2)] == ["0 tags", "1 tag", "2 tags"]


@pytest.mark.parametrize("code", [0x07, 0x1B, 0x7F, 0x85, 0x9B, 0x9D, 0x202E, 0x2066])
def test_what_drives_a_terminal_or_turns_text_around_reaches_none(capsys, code):
    text = f"a{chr(code)}31mb"
    output.line(text)
    output.table(("name",), [(text,)])
    output.fields({"name": text})
    output.say_json({"text": text})
    said = capsys.readouterr().out
    assert chr(code) not in said
    assert json.loads(said.splitlines()[-1]) == {"text": text}, "and programs get all of it"
