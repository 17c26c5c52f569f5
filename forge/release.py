"""Which Forge this is: version, and for a built one its commit and when it was built."""

from __future__ import annotations

import json
from importlib import resources

from forge import __version__


def said() -> str:
    """`0.1.0 (commit 1ca42800e1f2, built 2026-11-25T17:52:37Z)`; `0.1.0 (from source)` where nothing was built."""
    try:
        built = json.loads((resources.files("forge") / "build.json").read_text("utf-8"))
    except FileNotFoundError:
        return f"{__version__} (from source)"
    return f"{__version__} (commit {built['commit']}, built {built['built']})"
