"""What a service says to systemd: ready, still alive, stopping. Under nothing of the kind it says nothing."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, MutableMapping

_log = logging.getLogger(__name__)


class Notifier:
    """Speaks sd_notify(3): datagrams of `NAME=value` lines to the socket that NOTIFY_SOCKET names.

    The variables are taken out of `environment`, so that no program that Forge starts speaks in its place.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = _address(environment.pop("NOTIFY_SOCKET", ""))
        self._every = _interval(environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", ""))
        self._ended = threading.Event()

    def tell(self, **said: object) -> None:
        """`tell(READY=1, STATUS="…")`. A manager that cannot be reached is no reason to stop serving."""
        if not self._address:
            return
        text = "\n".join(f"{name}={value}" for name, value in said.items())
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as line:
            line.settimeout(1)  # a manager that does not read must not hold up what tells it
            try:
                line.sendto(text.encode(), self._address)
            except OSError as error:
                _log.warning("systemd cannot be told %s: %s", "/".join(said), error)

    def watch(self, alive: Callable[[], bool]) -> None:
        """Where systemd keeps a watchdog: say in time that all is well, as long as `alive` says so."""
        if self._every is not None:
            threading.Thread(target=self._keep_saying, args=(alive, self._every), name="watchdog", daemon=True).start()

    def close(self) -> None:
        """Say no more that all is well."""
        self._ended.set()

    def _keep_saying(self, alive: Callable[[], bool], every: float) -> None:
        while not self._ended.wait(every):
            if alive():
                self.tell(WATCHDOG=1)
            else:
                _log.error("Forge does not answer itself: systemd will start it anew")


def _address(text: str) -> str:
    """A path, or a name in the abstract namespace (`@name`); "" for what is neither, and where there is none."""
    if not hasattr(socket, "AF_UNIX") or not text.startswith(("/", "@")):
        return ""
    return "\0" + text[1:] if text.startswith("@") else text


def _interval(microseconds: str, pid: str) -> float | None:
    """Seconds between two signs of life: half of what is allowed. None where nobody waits for ours.

    The service of the one file is its loader, whose child this is.
    """
    if not microseconds.isdecimal() or pid not in {"", str(os.getpid()), str(os.getppid())}:
        return None
    return int(microseconds) / 2e6 or None
