"""A program that runs beside the tests: started in a session of its own, ended by its id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class PartMissing(Exception):
    """A part cannot be had here; the message is one sentence that says what to do."""


def find_program(name: str, package: str, *, beside: Path | None = None) -> str:
    """Where the program is, also in the folder `beside`; raises PartMissing with the package that brings it."""
    folders = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *([str(beside)] if beside else [])]
    path = shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        raise PartMissing(f"`{name}` is not here: install the package {package} (`make parts` and `make setup` do it).")
    return path


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One child program; what it prints goes to `log`."""

    def __init__(self, argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.argv = list(argv)
        self.log = log
        self.env = {**os.environ, **(env or {})}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its id, or None when it does not run."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self, ready: Callable[[], bool], *, within: float) -> None:
        """Start and wait up to `within` seconds until `ready()`; raises PartMissing with the log's last lines."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env, start_new_session=True
            )
        deadline = time.monotonic() + within
        while not ready():
            if self.pid is None or time.monotonic() > deadline:
                self.stop(within=1)
                raise PartMissing(f"{self.argv[0]} did not become ready; its last words:\n{self.last_words()}")
            time.sleep(0.02)

    def stop(self, *, within: float = 10) -> None:
        """End it: SIGTERM, and SIGKILL after `within` seconds."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
        self._child = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def last_words(self) -> str:
        """The last lines of what it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
