"""Where people ask, and who answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """A host and port that a proxy can reach."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """A domain and the target that answers for it. `options` is what the project asks of its proxy beside that, in
    the words of the proxy's kind (PROXY_KINDS); two routes are the same whatever they ask.
    """

    domain: str
    target: Target
    options: Mapping[str, str] = field(default_factory=dict, compare=False)
