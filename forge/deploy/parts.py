"""Knowing which parts answer: engines, registries, proxies."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from forge.domain.events import Event
from forge.store.database import StoreUnavailable
from forge.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An engine, registry or proxy: `fault` is the sentence, None while it answers; `since` unix seconds."""

    kind: str
    name: str
    fault: str | None
    since: float


@dataclass(slots=True)
class Health:
    """Which parts answer; told once per change."""

    store: Store
    _parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    _untold: set[tuple[str, str]] = field(default_factory=set)  # what changed while the database was locked
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, kind: str, name: str, fault: str | None) -> bool:
        """Note that a part answers (`fault` None) or why not; whether that is news. Raise StoreUnavailable if the news
        could not be written down: then it is news the next time too.
        """
        key = (kind, name)
        with self._lock:
            before = self._parts.get(key)
            changed = (before.fault is None) != (fault is None) if before else fault is not None
            since = before.since if before and not changed else self.store.database.clock()
            self._parts[key] = Part(kind=kind, name=name, fault=fault, since=since)
            news = changed or key in self._untold
            self._untold.discard(key)
        if news:
            try:
                self._announce(kind, name, "down" if fault else "back", fault or "It answers again")
            except StoreUnavailable:
                with self._lock:
                    self._untold.add(key)
                raise
        return news

    def _announce(self, kind: str, name: str, what: str, text: str) -> None:
        payload = {"kind": kind, "name": name, "change": what, "text": text}
        with self.store.database.change() as change:
            change.emit(Event(type="connection_changed", payload=payload, at=change.now))

    def parts(self) -> tuple[Part, ...]:
        """All that is known, by kind and name."""
        with self._lock:
            return tuple(part for _, part in sorted(self._parts.items()))

    def forget(self, kind: str, name: str) -> None:
        """The part was deleted."""
        self._pop(kind, name)

    def retire(self, kind: str, name: str) -> None:
        """Nobody uses the part any more, so nobody would hear that it is back: forget it, and say so if it was away."""
        part = self._pop(kind, name)
        if part is not None and part.fault is not None:
            self._announce(kind, name, "unused", "Nothing uses it any more")

    def _pop(self, kind: str, name: str) -> Part | None:
        with self._lock:
            self._untold.discard((kind, name))
            return self._parts.pop((kind, name), None)
