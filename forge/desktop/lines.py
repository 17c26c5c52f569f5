"""What the window's process and the program around it say to each other: one JSON object a line, over a pipe."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

Line = dict[str, Any]


class Mouth:
    """Says lines, from any thread; to one who is gone it says nothing."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def say(self, **line: Any) -> bool:
        """Whether there was somebody to say it to."""
        try:
            with self._lock:
                self._pipe.write(json.dumps(line).encode() + b"\n")
                self._pipe.flush()
        except (OSError, ValueError):
            return False
        return True


def heard(pipe: BinaryIO) -> Iterator[Line]:
    """The lines as they come, until the other end is gone; what a library prints in between is none of ours."""
    for line in pipe:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found
