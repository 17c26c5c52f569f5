"""The self-test finds what a packaged file lacks."""

from __future__ import annotations

import json

from forge.api import ui
from forge.commands import selftest
from tests.commanding import run


def board(folder, monkeypatch, page='<script src="/_app/start.js"></script>'):
    (folder / "_app").mkdir(parents=True)
    (folder / "index.html").write_text(page)
    (folder / "_app/start.js").write_text("1")
    monkeypatch.setattr(ui, "STATIC", folder)


def test_all_is_well_where_all_is_there(tmp_path, monkeypatch):
    board(tmp_path / "static", monkeypatch)
    said = run("self-test").stdout.splitlines()
    assert said == [f"✓ {name}" for name in selftest.CHECKS]


def test_a_file_without_the_board_is_told_and_the_rest_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(ui, "STATIC", tmp_path)
    said = run("self-test", code=1).stdout.splitlines()
    assert said[0].startswith("✗ board: FileNotFoundError")
    assert all(line.startswith("✓") for line in said[1:])


def test_a_board_whose_scripts_are_missing_is_no_board(tmp_path, monkeypatch):
    board(tmp_path / "static", monkeypatch, '<script src="/_app/gone.js"></script>')
    failed = json.loads(run("self-test", "--json", code=1).stdout)["failed"]
    assert list(failed) == ["board"]


def test_what_cannot_be_imported_is_named(tmp_path, monkeypatch):
    board(tmp_path / "static", monkeypatch)
    monkeypatch.setitem(__import__("sys").modules, "rich.table", None)
    failed = json.loads(run("self-test", "--json", code=1).stdout)["failed"]
    assert list(failed) == ["terminal"]
    assert "rich.table" in failed["terminal"]
