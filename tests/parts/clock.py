"""The machine's clock as one program sees it, which a test sets while the program runs."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

from tests.parts.process import find_program

SOURCE = Path(__file__).with_name("clock.c")


class Clock:
    """A program that is started with `environment` goes by it; it is right until it is `set_by` some seconds.

    What measures how long something takes (CLOCK_MONOTONIC) goes on as it does when a machine's clock is set.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "set-by"
        self.set_by(0)
        library = folder / "clock.so"
        compiler = find_program("cc", "gcc")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_SET_BY": str(self._file)}

    def set_by(self, seconds: float) -> None:
        """Against the right time; the program sees it with its next look."""
        with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.write(struct.pack("d", seconds))
