"""The daily backup: a thread that sees when it is due, whatever the clock does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forge.deploy.backups import BackupService
from forge.domain.errors import ForgeError
from forge.store.shelf import Kind

_log = logging.getLogger(__name__)
_LOOK = 60.0  # seconds between looks at the clock
_PAUSE = 3600.0  # seconds between two tries, by a clock that does not jump
_PUT_BACK = 3600.0  # seconds that the last one may lie ahead: summer time is none of it, but clocks are set


@dataclass(slots=True)
class Daily:
    """`clock` is the machine's; `monotonic` keeps a clock that jumps from making more than one backup an hour."""

    service: BackupService
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _tried: float | None = None
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="daily", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 2) -> None:
        """A backup under way that takes longer fails with the closing database, and what it wrote is tidied."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except ForgeError as error:
                _log.error("the daily backup: %s", error.message)
            except Exception:  # noqa: BLE001  a mistake of ours must not end all backups
                _log.exception("the daily backup")
            self._closing.wait(_LOOK)

    def look(self) -> bool:
        """Make the backup if it is due; whether it was. Raise what keeping one raises."""
        preferences = self.service.store.preferences.get()
        now, last = self.clock(), self.service.state().last
        if not preferences.backup_daily:
            return False
        if last is None or last > now + _PUT_BACK:
            self.service.count_from(now)
            return False
        if now < next_due(last, preferences.backup_hour) or self._tried_lately():
            return False
        self._tried = self.monotonic()
        self.service.keep(Kind.DAILY, actor="forge")
        return True

    def _tried_lately(self) -> bool:
        return self._tried is not None and self.monotonic() - self._tried < _PAUSE


def next_due(last: float, hour: int) -> float:
    """The first time after `last` that this machine's clock says `hour`; unix seconds."""
    before = datetime.fromtimestamp(last)  # noqa: DTZ006  people set the hour of the wall's clock
    due = before.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (due if due > before else due + timedelta(days=1)).timestamp()
