"""The fake engine's networks and volumes, and who is found by which name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from forge.domain.errors import EngineError
from forge.domain.route import Reach
from forge.ports import HOME_LABEL
from tests.fake_machine import Container, Machine


class NetworksAndVolumes:
    """A part of tests.fake_engine.FakeEngine."""

    _machine: Machine
    _networks: dict[str, dict[str, str]]
    _call: Callable[[str], AbstractContextManager[None]]

    reached: Reach

    def reach(self) -> Reach:
        return self.reached

    def join(self, id: str, network: str, aliases: tuple[str, ...], labels: Mapping[str, str]) -> None:
        with self._call("join"):
            container = self._there(id)
            self._networks.setdefault(network, {HOME_LABEL: labels.get(HOME_LABEL, "")})
            container.joined.setdefault(network, aliases)

    def leave(self, id: str, network: str) -> None:
        with self._call("leave"):
            container = self._machine.containers.get(id)
            if container is not None:
                container.joined.pop(network, None)

    def led_to(self, alias: str, network: str) -> set[str]:
        """The running containers that `alias` leads to on `network`."""
        running = [c for c in self._machine.containers.values() if c.state.running]
        return {c.state.id for c in running if alias in c.joined.get(network, ())}

    def remove_network(self, name: str) -> None:
        with self._call("remove_network"):
            running = [c for c in self._machine.containers.values() if c.state.running]
            if all(c.spec.network != name and name not in c.joined for c in running):
                self._networks.pop(name, None)

    def remove_volume(self, name: str) -> None:
        with self._call("remove_volume"):
            if any(name == v.source for c in self._machine.containers.values() for v in c.spec.volumes):
                raise EngineError(f"The engine could not remove the volume {name}: volume is in use", code="conflict")
            if HOME_LABEL in self._machine.volumes.get(name, {}):
                del self._machine.volumes[name]

    def volumes(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        with self._call("volumes"):
            return tuple(
                sorted(name for name, theirs in self._machine.volumes.items() if labels.items() <= theirs.items())
            )

    def networks(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        with self._call("networks"):
            return tuple(sorted(name for name, theirs in self._networks.items() if labels.items() <= theirs.items()))

    def _there(self, id: str) -> Container:
        if id not in self._machine.containers:
            raise EngineError(f"The engine could not find the container {id[:12]}", code="gone")
        return self._machine.containers[id]
