"""Lines between the window and its parent."""

from __future__ import annotations

import io

from forge.desktop.lines import Mouth, heard
from tests.unit.windowing import Pipe


def test_what_is_said_is_heard():
    pipe = Pipe()
    assert Mouth(pipe).say(do="fail", why="a line\nand “another”")
    assert list(heard(io.BytesIO(pipe.text))) == [{"do": "fail", "why": "a line\nand “another”"}]


def test_what_a_library_prints_is_passed_over():
    assert list(heard(io.BytesIO(b'Gtk-WARNING\n[1]\n{"is": "shown"}\n"x"\n'))) == [{"is": "shown"}]


def test_to_one_who_is_gone_nothing_is_said():
    pipe = Pipe()
    pipe.broken = True
    assert not Mouth(pipe).say(do="front")
