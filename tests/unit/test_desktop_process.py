"""The window's process."""

from __future__ import annotations

import queue
import sys

from forge.desktop import process
from forge.desktop.process import Window, command

ECHO = """import sys
print('{"is": "shown"}', flush=True)
sys.stdin.readline()
print("went", file=sys.stderr)
sys.exit(7)
"""
DEAF = "import time; time.sleep(60)"


def start(tmp_path, code, **more):
    heard, ended = queue.SimpleQueue(), queue.SimpleQueue()
    window = Window(
        [sys.executable, "-c", code], tmp_path / "window/window.log", hear=heard.put, ended=ended.put, **more
    )
    return window, heard, ended


def test_it_is_spoken_with_and_its_end_is_told(tmp_path):
    window, heard, ended = start(tmp_path, ECHO)
    assert heard.get(timeout=10) == {"is": "shown"}
    window.say(do="quit")
    assert ended.get(timeout=10) == 7
    assert window.last_words() == "went"
    window.say(do="front")  # nobody is there any more
    window.end()


def test_one_that_does_not_go_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "ENDS", 0.1)
    window, _, ended = start(tmp_path, DEAF)
    window.end()
    assert ended.get(timeout=10) == -9


def test_one_that_never_appears_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "APPEARS", 0.1)
    _, _, ended = start(tmp_path, DEAF)
    assert ended.get(timeout=10) == -9


def test_it_gets_an_environment_of_its_own(tmp_path):
    window, _, ended = start(
        tmp_path, "import os, sys; print(os.environ['X'], file=sys.stderr)", environment={"X": "y"}
    )
    assert ended.get(timeout=10) == 0
    assert window.last_words() == "y"


def test_the_command_is_this_very_program(tmp_path, monkeypatch):
    assert command(tmp_path) == [sys.executable, "-m", "forge", "--data", str(tmp_path), "window", "--child"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert command(tmp_path)[:2] == [sys.executable, "--data"]
