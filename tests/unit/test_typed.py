"""Types that many threads meet for the first time at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from forge import typed
from forge.domain.project import Project

ROOT = Path(__file__).parents[2]
# Types one within the other take a while to build; the threads change places all the time meanwhile.
RACE = """
import sys, threading
import msgspec
from forge import typed

def family(number):
    inner = msgspec.defstruct(f"S{number}", [("x", int, 0)])
    for depth in range(30):
        inner = msgspec.defstruct(f"S{number}_{depth}", [("x", inner | None, None), ("y", list[inner], [])])
    return inner

sys.setswitchinterval(1e-6)
for number in range(30):
    kind, start = family(number), threading.Barrier(6)
    def work():
        start.wait()
        for _ in range(10):
            READ({"x": {"x": {}}, "y": [{"x": {}}]}, kind)
    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def race(read: str) -> int:
    """How a process ended in which threads read new types at once."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", RACE.replace("READ", read)], env=environment, check=False).returncode


def test_threads_that_meet_types_at_once_get_them_whole():
    assert race("typed.convert") == 0


def test_what_is_read_is_of_the_type():
    with pytest.raises(msgspec.ValidationError):
        typed.convert({"name": 1}, Project)
    with pytest.raises(msgspec.DecodeError):
        typed.decode(b"{", Project)
    assert typed.decode('{"a": "b"}', dict[str, str]) == {"a": "b"}
    assert typed.convert("1", int, strict=False) == 1
