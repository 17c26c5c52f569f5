"""Values of our types: any number of threads may want the first one of a type at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import msgspec
import pytest

from forge.typed import convert, decode

# msgspec alone crashes the process (SIGSEGV) within the first few of these types.
CROWD = """
import sys, threading
from dataclasses import make_dataclass
import msgspec
from forge.typed import convert, decode

sys.setswitchinterval(1e-5)

def types(number):
    parts = [make_dataclass(f"Part{number}_{part}", [(f"field{n}", int) for n in range(8)]) for part in range(6)]
    whole = make_dataclass(f"Whole{number}", [(f"part{part}", type_) for part, type_ in enumerate(parts)])
    return whole, parts[-1], msgspec.defstruct(f"Row{number}", [("whole", whole), ("part", parts[0])])

def crowd(number):
    part = {f"field{n}": n for n in range(8)}
    whole = {f"part{n}": part for n in range(6)}
    of_whole, of_part, of_row = types(number)
    ready = threading.Barrier(4)

    def work(make):
        ready.wait()
        made.append(make())

    made = []
    threads = [threading.Thread(target=work, args=(make,)) for make in (
        lambda: convert(whole, of_whole).part5.field7,
        lambda: decode(msgspec.json.encode(whole), of_whole).part5.field7,
        lambda: convert(part, of_part).field7,
        lambda: convert({"whole": whole, "part": part}, of_row).whole.part5.field7,
    )]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [7, 7, 7, 7], made

for number in range(100):
    crowd(number)
"""


@dataclass(frozen=True)
class Size:
    width: int
    height: int = 1


class Row:
    width, height = 4, 5


def test_the_first_values_of_a_type_may_be_made_by_many_threads_at_once():
    ran = subprocess.run([sys.executable, "-c", CROWD], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_values_are_made_as_they_are_given():
    assert convert({"width": 2}, Size) == Size(2)
    assert convert({"width": "2", "height": "3"}, Size, strict=False) == Size(2, 3)
    assert convert(Row(), Size, from_attributes=True) == Size(4, 5)
    assert decode('{"width": 2, "height": 3}', Size) == Size(2, 3)


@pytest.mark.parametrize("make", [lambda: convert({"width": "2"}, Size), lambda: decode('{"width": "2"}', Size)])
def test_what_does_not_fit_is_said(make):
    with pytest.raises(msgspec.ValidationError, match="Expected `int`, got `str` - at `"):
        make()
