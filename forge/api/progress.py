"""How far the pulls are that are under way: told by the stream, and kept here for who comes to it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forge.domain.deploy import ENDED
from forge.domain.events import Event


class Progress:
    """The newest layers of each deploy under way. For Bus.subscribe: one thread writes, any reads."""

    def __init__(self) -> None:
        self._layers: dict[int, Sequence[Mapping[str, Any]]] = {}

    def hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.type == "deploy_progress":
                self._layers[event.payload["deploy"]] = event.payload["layers"]
            elif event.type == "deploy_status" and event.payload["status"] in ENDED:
                self._layers.pop(event.payload["id"], None)

    def layers(self, deploy: int) -> Sequence[Mapping[str, Any]]:
        """As they were told last; none before the pull, and after the deploy's end."""
        return self._layers.get(deploy, ())
