"""Programs of the system."""

from __future__ import annotations

import os
import sys

import pytest

from forge.desktop import system


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Make a program on PATH; what it is given is kept in a file of its name."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def make(name, code=0):
        file = tmp_path / name
        file.write_text(f'#!/bin/sh\necho "$1 $LD_LIBRARY_PATH" > {tmp_path}/{name}.got\nexit {code}\n')
        file.chmod(0o755)
        return tmp_path / f"{name}.got"

    return make


def test_the_default_browser_is_asked_first(program, monkeypatch):
    got, other = program("xdg-open"), program("firefox")
    monkeypatch.setenv("DISPLAY", ":1")
    assert system.open_browser("http://127.0.0.1:1/")
    assert got.read_text().strip() == "http://127.0.0.1:1/"
    assert not other.exists()


def test_one_that_cannot_is_passed_over(program, monkeypatch):
    program("xdg-open", code=3)
    got = program("firefox")
    monkeypatch.setenv("DISPLAY", ":1")
    assert system.open_browser("http://127.0.0.1:1/")
    assert got.exists()


def test_without_a_display_only_a_browser_that_was_named_is_tried(program, monkeypatch):
    program("xdg-open")
    assert not system.open_browser("http://127.0.0.1:1/")
    got = program("lynx")
    monkeypatch.setenv("BROWSER", "missing:lynx")
    assert system.open_browser("http://127.0.0.1:1/")
    assert got.exists()


def test_a_program_of_the_system_does_not_see_the_bundles_libraries(program, monkeypatch):
    got = program("xdg-open")
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setattr(sys, "_MEIPASS", "/tmp/_MEI1", raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/tmp/_MEI1")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    assert system.open_path("/srv")
    assert got.read_text() == "/srv /opt/lib\n"


def test_the_environment_is_as_it_was_before_the_bundle(monkeypatch):
    monkeypatch.setattr(sys, "_MEIPASS", "/tmp/_MEI1", raising=False)
    bundle = {"LD_LIBRARY_PATH": "/tmp/_MEI1", "_PYI_ARCHIVE_FILE": "x", "XDG_DATA_DIRS": "/usr/share", "HOME": "/root"}
    assert system.systems_environment(bundle) == {"XDG_DATA_DIRS": "/usr/share", "HOME": "/root"}


def test_a_process_becomes_another(monkeypatch):
    monkeypatch.setenv("FORGE_TEST_OLD", "1")
    wanted = {name: value for name, value in os.environ.items() if name != "FORGE_TEST_OLD"} | {"FORGE_TEST_NEW": "2"}
    system.become(wanted)
    assert "FORGE_TEST_OLD" not in os.environ
    assert os.environ.pop("FORGE_TEST_NEW") == "2"


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_display_is_one_of_two(monkeypatch, name):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not system.has_display()
    monkeypatch.setenv(name, ":1")
    assert system.has_display()


def test_there_is_an_icon_once_the_board_is_built():
    found = system.icon()
    assert found is None or found.suffix in {".png", ".svg"}
