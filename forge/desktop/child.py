"""The window's own process: an abort of a toolkit takes down the window, and not the server."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from forge.desktop.lines import Mouth, heard
from forge.desktop.shown import Shown
from forge.desktop.toolkit import NoWindow, Toolkit, toolkit
from forge.desktop.words import words

NO_WINDOW = 3


def main(folder: Path) -> None:
    """Show the window until it is closed, then end at once. Standard input and output lead to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both: the parent decides
    ears, mouth = sys.stdin.buffer, Mouth(_own_output())
    code = show(toolkit()(folder, words(os.environ)), ears, mouth)
    sys.stderr.flush()
    os._exit(code)  # no toolkit takes its time, or aborts, at the end


def show(window: Toolkit, ears: BinaryIO, mouth: Mouth) -> int:
    """The exit code."""
    shown = Shown(window, mouth, window.words)
    begun = threading.Event()

    def tell(what: str) -> None:
        if what == "shown" and not begun.is_set():
            begun.set()
            threading.Thread(target=_listen, args=(ears, shown), name="ears", daemon=True).start()
        mouth.say(**{"is": what})

    try:
        window.run(shown, tell)
    except NoWindow as error:
        mouth.say(no=str(error))
        return NO_WINDOW
    mouth.say(**{"is": "closed"})
    return 0


def _listen(ears: BinaryIO, shown: Shown) -> None:
    """Without a parent there is nothing to show."""
    for line in heard(ears):
        shown.told(line)
    shown.told({"do": "quit"})


def _own_output() -> BinaryIO:
    """The pipe to the parent, which no library can print into: what it prints goes to the log."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return pipe
