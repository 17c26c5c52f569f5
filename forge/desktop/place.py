"""Where the window stood, and how large it was."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

SMALLEST = (480, 360)
_GRIP = 80  # pixels of the title that must be in reach of the mouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A part of the desktop, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """In pixels; no `x` and `y`: the system's choice."""

    x: int | None = None
    y: int | None = None
    width: int = 1280
    height: int = 820
    maximized: bool = False

    def within(self, screens: Sequence[Screen]) -> Place:
        """Not larger than the largest screen, and nowhere if the screen that it was on is gone."""
        if not screens:
            return replace(self, x=None, y=None)
        widest, highest = max(s.width for s in screens), max(s.height for s in screens)
        width = max(min(self.width, widest), min(SMALLEST[0], widest))
        height = max(min(self.height, highest), min(SMALLEST[1], highest))
        seen = any(self._in_reach(screen) for screen in screens)
        return replace(self, width=width, height=height, x=self.x if seen else None, y=self.y if seen else None)

    def _in_reach(self, screen: Screen) -> bool:
        if self.x is None or self.y is None:
            return False
        across = min(self.x + self.width, screen.x + screen.width) - max(self.x, screen.x)
        return across >= _GRIP and screen.y <= self.y <= screen.y + screen.height - _GRIP


def load(file: Path) -> Place:
    """As it was kept; a file that cannot be read is none."""
    try:
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        kept = {name: int(found[name]) for name in ("x", "y", "width", "height") if found.get(name) is not None}
        return Place(**kept, maximized=bool(found.get("maximized")))
    except (OSError, ValueError, TypeError, AttributeError):
        return Place()


def keep(file: Path, place: Place) -> None:
    """All of it or nothing: the machine may go off meanwhile."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = file.with_suffix(".new")
    half.write_text(json.dumps(asdict(place)), "utf-8")
    os.replace(half, file)  # noqa: PTH105  Path.replace would read no better
