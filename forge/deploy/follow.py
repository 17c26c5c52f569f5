"""Following the engines' own events: what happens to a container is known at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.deploy.adapters import Adapters, home_of
from forge.deploy.reconcile import Reconciler
from forge.domain.connection import EngineConnection
from forge.domain.errors import ForgeError
from forge.ports import HOME_LABEL, INSTANCE_LABEL, EngineEvent
from forge.store.database import StoreUnavailable
from forge.store.store import Store

_log = logging.getLogger(__name__)
_LOOK_AT_ROUTES = 5.0  # seconds between looks at the proxies: people see nothing where one lost its routes
_LOOK_AT_ALL = 6  # every so many of them at all else too, for what was missed
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_NO_NEWS = ("exec_", "top", "resize", "attach", "health_status: running")


@dataclass(slots=True)
class Follower:
    """A thread per engine that follows its events, and one that looks at everything now and then.

    `back` is called when an engine answers again: what waited for it can go on.
    """

    store: Store
    adapters: Adapters
    reconciler: Reconciler
    back: Callable[[], None]
    housekeeping: Callable[[], None]
    _closing: threading.Event = field(default_factory=threading.Event)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)

    def start(self) -> None:
        self._begin("", self._look_at_all)

    def stop(self) -> None:
        """Begin no more; closing the adapters then ends the engines' streams."""
        self._closing.set()

    def join(self, timeout: float = 2) -> None:
        """Wait for the threads, after the adapters were closed."""
        for thread in list(self._threads.values()):
            thread.join(timeout)

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=f"follow-{name or 'all'}", daemon=True)
        self._threads[name] = thread
        thread.start()

    def _look_at_all(self) -> None:
        looks = 0
        while not self._closing.is_set():
            try:
                self._look(everything=looks % _LOOK_AT_ALL == 0)
            except ForgeError as error:
                _log.warning("the look at everything: %s", error.message)
            except Exception:  # noqa: BLE001 told in the log; without this thread nobody looks
                _log.exception("the look at everything failed")
            looks += 1
            self._closing.wait(_LOOK_AT_ROUTES)

    def _look(self, *, everything: bool) -> None:
        self._follow_new()
        if not everything:
            self.reconciler.routes()
            return
        self.reconciler.all()
        self.housekeeping()

    def _follow_new(self) -> None:
        for connection in self.store.connections.all(EngineConnection):
            if connection.name not in self._threads:
                name = connection.name
                self._begin(name, lambda name=name: self._follow(name))  # type: ignore[misc]

    def _follow(self, name: str) -> None:
        """Follow one engine until Forge closes or the connection goes; look at all of it on every (re)connect."""
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            try:
                if not self._exists(name):
                    break
                if self._look_and_read(name):
                    pause = _FIRST_PAUSE
            except ForgeError as error:
                _log.warning("engine %s: %s", name, error.message)
            except Exception:  # noqa: BLE001 told in the log; nobody would follow the engine any more
                _log.exception("engine %s could not be followed", name)
            if self._closing.wait(pause):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._threads.pop(name, None)

    def _look_and_read(self, name: str) -> bool:
        """Whether the engine answered; then its events were followed until it went away."""
        since = self.store.database.clock()
        if not self.reconciler.engine(name):
            return False
        self.back()
        self._read(name, since)
        return True

    def _exists(self, name: str) -> bool:
        return name in {connection.name for connection in self.store.connections.all(EngineConnection)}

    def _read(self, name: str, since: float) -> None:
        try:
            home = home_of(self.store)
            with self.adapters.engine(name).events(since) as events:
                if self._closing.is_set():  # opened after the adapters were closed: nobody would end it
                    return
                for event in events:
                    if self._closing.is_set():
                        return
                    self._see(event, home)
        except StoreUnavailable:
            raise  # not the engine's fault: it is looked at anew
        except ForgeError as error:
            if not self._closing.is_set() and self._exists(name):  # else it was closed, and answers well
                self.reconciler.health.tell("engine", name, error.message)

    def _see(self, event: EngineEvent, home: str) -> None:
        instance = event.labels.get(INSTANCE_LABEL)
        if instance and event.labels.get(HOME_LABEL) == home and not event.action.startswith(_NO_NEWS):
            self.reconciler.look(instance)
