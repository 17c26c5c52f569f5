"""How tests say where an engine is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forge.engines.access import Access


def at(url: str, **more: Any) -> Callable[[], Access]:
    """What an engine's adapter is told."""
    return lambda: Access(url=url, **more)
