"""Where people ask, and who answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EVERYWHERE = "0.0.0.0"  # noqa: S104 - all addresses of an engine's machine: only for a port that people asked for


@dataclass(frozen=True, slots=True)
class Target:
    """A host and port that a proxy can reach."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """A domain and the targets that answer for it, each in turn; their order says nothing. `options` is what the
    project asks of its proxy beside that, in the words of the proxy's kind (PROXY_KINDS); two routes are the same
    whatever they ask.
    """

    domain: str
    targets: tuple[Target, ...]
    options: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """One order for all, so that two routes can be compared."""
        object.__setattr__(self, "targets", tuple(sorted(set(self.targets), key=lambda one: (one.host, one.port))))

    @property
    def target(self) -> Target:
        """The only one, or the first."""
        return self.targets[0]

    @property
    def said(self) -> str:
        """`127.0.0.1:20001, 127.0.0.1:20002 and 127.0.0.1:20003`, for a sentence."""
        *others, last = map(str, self.targets)
        return f"{', '.join(others)} and {last}" if others else last


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where instances listen on the engine's machine: at `listen`, and with a port that somebody chose at `chosen`.
    Forge and proxies reach them at `host`. `local`: that machine is this one.
    """

    local: bool = True
    host: str = "127.0.0.1"
    listen: str = "127.0.0.1"
    chosen: str = EVERYWHERE
