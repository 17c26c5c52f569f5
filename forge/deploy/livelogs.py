"""Live logs of instances: followed while somebody looks, and not a second longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.bus import Bus
from forge.deploy.instances import InstanceService
from forge.domain.errors import ForgeError
from forge.domain.events import Event, instance_topic
from forge.engines.streams import Followers
from forge.ports import LogLine

_PREFIX = instance_topic("")


def publish_lines(bus: Bus) -> Callable[[str, list[LogLine]], None]:
    """What the followers call with an instance's lines: they go out as events that are not kept."""

    def publish(instance: str, lines: list[LogLine]) -> None:
        bus.publish(
            [
                Event(
                    type="instance_log",
                    payload={"instance": instance, "at": line.at, "stream": line.stream, "text": line.text},
                    at=line.at,
                    topic=instance_topic(instance),
                )
                for line in lines
            ]
        )

    return publish


def _nothing() -> None:
    """There is nothing to end."""


@dataclass(slots=True)
class LiveLogs:
    """Told by the streams which topics a reader opens and closes."""

    instances: InstanceService
    followers: Followers
    _releases: dict[str, list[Callable[[], None]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self, topics: frozenset[str]) -> None:
        """A reader looks; an instance that has no container (any more) has nothing to follow."""
        for topic in topics:
            if not topic.startswith(_PREFIX):
                continue
            release = self._follow(topic.removeprefix(_PREFIX))
            with self._lock:
                self._releases.setdefault(topic, []).append(release)

    def _follow(self, instance: str) -> Callable[[], None]:
        """What ends it; a reader who has nothing to follow is counted all the same, or leaving would end another's."""
        try:
            found = self.instances.store.instances.get(instance)
            engine, container = self.instances.reach(found)
        except ForgeError:
            return _nothing
        return self.followers.follow(found.id, container, engine)

    def closed(self, topics: frozenset[str]) -> None:
        """A reader has left."""
        for topic in topics:
            with self._lock:
                held = self._releases.get(topic, [])
                release = held.pop() if held else None
                if not held:
                    self._releases.pop(topic, None)
            if release is not None:
                release()
