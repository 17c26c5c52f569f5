"""The window's process as its parent has it: started, spoken with, listened to, ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from forge.desktop.lines import Line, Mouth, heard

APPEARS = 20.0  # seconds
ENDS = 5.0
# For a second try: what makes web views fail is, nearly always, drawing by the graphics card.
SOFTWARE = {"WEBKIT_DISABLE_COMPOSITING_MODE": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}


def command(data: Path) -> list[str]:
    """What starts it: this very program, which a frozen file does without unpacking itself again."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "forge"]
    return [*program, "--data", str(data), "window", "--child"]


class Window:
    """`hear` is called with each line, `ended` with the exit code when there will be no more; from other threads."""

    def __init__(
        self,
        words: list[str],
        log: Path,
        *,
        hear: Callable[[Line], None],
        ended: Callable[[int], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip
        self._mouth = Mouth(cast("BinaryIO", self._process.stdin))
        self._late = threading.Timer(APPEARS, self._process.kill)
        self._late.daemon = True
        self._late.start()
        threading.Thread(target=self._listen, args=(hear, ended), name="window", daemon=True).start()

    def say(self, **line: object) -> None:
        self._mouth.say(**line)

    def end(self) -> None:
        """Ask it to go, and see that it does."""
        self._mouth.say(do="quit")
        try:
            self._process.wait(ENDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._late.cancel()

    def last_words(self) -> str:
        """The last line of its log: why a toolkit gave up is nowhere else."""
        try:
            lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1].strip() if lines else ""

    def _listen(self, hear: Callable[[Line], None], ended: Callable[[int], None]) -> None:
        for line in heard(cast("BinaryIO", self._process.stdout)):
            if "is" in line:
                self._late.cancel()
            hear(line)
        code = self._process.wait()
        self._late.cancel()
        for pipe in (self._process.stdin, self._process.stdout):
            _close(pipe)
        ended(code)


def _close(pipe: object) -> None:
    try:
        cast("BinaryIO", pipe).close()
    except OSError:
        return  # what was not yet said is of no use any more
