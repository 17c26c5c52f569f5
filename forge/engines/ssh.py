"""SSH to an engine: the system's own `ssh`, which knows the user's keys, agent, jump hosts and known machines."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from typing import IO

from forge.domain.endpoint import Endpoint

_LAST_WORDS = 2.0  # seconds that a broken `ssh` has to say why
_KEPT = 4000  # characters of what it said
_CHUNK = 65536
# Nobody is there to be asked; a machine that went away is noticed within 45 seconds.
_OPTIONS = ("BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=3")
_ALSO = ("ClearAllForwardings=yes", "ForwardAgent=no", "RequestTTY=no", "LogLevel=ERROR")


class SshFault(OSError):
    """`ssh`, or what it was to run there, ended: `code` is its exit code (255 is its own), `said` its last words."""

    def __init__(self, code: int | None, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


def words(endpoint: Endpoint) -> list[str]:
    """The command. The host stands behind `--`, and never begins with a dash (forge.domain.endpoint)."""
    options = [word for option in (*_OPTIONS, *_ALSO) for word in ("-o", option)]
    login = ["-l", endpoint.user] if endpoint.user else []
    port = ["-p", str(endpoint.port)] if endpoint.port else []
    return ["ssh", *options, *login, *port, "--", endpoint.host, "docker", "system", "dial-stdio"]


class Tunnel:
    """One connection to the engine: `socket` is its near end, `ssh` holds the other."""

    def __init__(self, endpoint: Endpoint, *, pumped: bool = os.name == "nt") -> None:
        """Start `ssh`; raise SshFault if that is not here. `pumped`: copy, where a program cannot be given a socket."""
        self.socket, far = socket.socketpair()
        # not a pipe: a master connection that stays would hold that open
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the tunnel
        self._words = ""
        self._closing = threading.Lock()
        try:
            self._process = self._start(words(endpoint), far, pumped=pumped)
        except OSError as error:
            self.socket.close()
            self._said.close()
            here = "is not on this machine: install OpenSSH's client"
            why = here if isinstance(error, FileNotFoundError) else f"cannot be run: {error.strerror}"
            raise SshFault(None, f"ssh {why}") from None
        finally:
            if not pumped:
                far.close()
        if pumped:
            _pump(far, self._process)

    def _start(self, argv: list[str], far: socket.socket, *, pumped: bool) -> subprocess.Popen[bytes]:
        """In a session of its own: Ctrl-C on Forge's terminal must not end what a deploy still needs."""
        end = subprocess.PIPE if pumped else far.fileno()
        return subprocess.Popen(
            argv, stdin=end, stdout=end, stderr=self._said, env=environment(os.environ), bufsize=0,
            start_new_session=True,
        )  # fmt: skip

    def fault(self) -> SshFault:
        """Why it broke, once it has; it is closed then."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS)
        self.close()
        return SshFault(self._process.returncode, self._words)

    def close(self) -> None:
        """End it, from any thread, as often as one likes."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with self._closing:
            if self._said.closed:
                return
            self._process.kill()
            self._process.wait()
            self._said.seek(0)
            self._words = self._said.read().decode(errors="replace").strip()[-_KEPT:]
            self._said.close()


def environment(of: Mapping[str, str], *, packed: bool = hasattr(sys, "frozen")) -> dict[str, str]:
    """What `ssh` gets: words in English, and the system's libraries instead of those that Forge was `packed` with."""
    given = {**of, "LC_ALL": "C"}
    if packed:
        given.pop("LD_LIBRARY_PATH", None)
        if before := of.get("LD_LIBRARY_PATH_ORIG"):  # PyInstaller keeps the user's own there
            given["LD_LIBRARY_PATH"] = before
    return given


def _pump(far: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """Copy between a socket and the program's pipes, both ways, each on a thread, until either ends."""

    def there(pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe:
            while data := far.recv(_CHUNK):
                pipe.write(data)

    def back(pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), pipe, far:
            while data := pipe.read(_CHUNK):
                far.sendall(data)
            far.shutdown(socket.SHUT_RDWR)  # the other thread waits at it, and would keep it open

    for work, pipe in ((there, process.stdin), (back, process.stdout)):
        threading.Thread(target=work, args=(pipe,), name="forge-ssh", daemon=True).start()
