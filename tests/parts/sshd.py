"""An SSH server beside an engine, that lets this user in by a key of its own; and a client that knows it."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.parts.process import Process, find_program, free_port

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UsePAM no
MaxStartups 100
SetEnv DOCKER_HOST={engine}
"""
_CLIENT = """\
IdentityFile {folder}/{key}
IdentitiesOnly yes
UserKnownHostsFile {folder}/known_hosts
GlobalKnownHostsFile none
"""
_WRAPPER = """\
#!/bin/sh
exec {ssh} -F {folder}/client_config "$@"
"""


class Sshd:
    """Whoever gets in finds the engine at `engine`; `path` is where an `ssh` is that does not look into this user's own
    folder.
    """

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.path = folder / "bin"
        self._engine = engine
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; raises PartMissing where it cannot run."""
        program = find_program("sshd", "openssh-server")
        if self._process is None:
            self._prepare()
            self._process = Process([program, "-D", "-e", "-f", f"{self.folder}/config"], log=self.folder / "sshd.log")
        self._process.start(self._answers, within=20)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    # ---- what a client knows and may

    def known(self) -> None:
        """The machine's key is known, as it should be."""
        self._know((self.folder / "host_key.pub").read_text())

    def unknown(self) -> None:
        """Nobody has looked at its key yet."""
        (self.folder / "known_hosts").write_text("")

    def changed(self) -> None:
        """Another key is known for it."""
        self._know((self.folder / "other_key.pub").read_text())

    def let_in(self, *, allowed: bool = True) -> None:
        """Whether the client shows a key that is accepted."""
        key = "user_key" if allowed else "other_key"
        (self.folder / "client_config").write_text(_CLIENT.format(folder=self.folder, key=key))

    def offer(self, engine: str) -> None:
        """Whoever logs in from now on finds this engine."""
        self._engine = engine
        self.stop()
        self._write()
        self.start()

    def drop(self) -> None:
        """Everybody who is logged in loses the line."""
        for pid, parent, _ in _processes():
            if self._process is not None and parent == self._process.pid:
                os.kill(pid, signal.SIGKILL)

    def clients(self) -> list[int]:
        """The processes that are logged in here, or about to be."""
        return [pid for pid, _, words in _processes() if ("-p", str(self.port)) in pairwise(words)]

    def _prepare(self) -> None:
        self.path.mkdir(parents=True)
        for name in ("host_key", "user_key", "other_key"):
            argv = [find_program("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", name]
            subprocess.run(argv, cwd=self.folder, check=True)
        self._write()
        wrapper = self.path / "ssh"
        wrapper.write_text(_WRAPPER.format(ssh=find_program("ssh", "openssh-client"), folder=self.folder))
        wrapper.chmod(0o755)
        self.known()
        self.let_in()
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks itself in; a package's start makes it

    def _write(self) -> None:
        config = _CONFIG.format(port=self.port, folder=self.folder, engine=self._engine)
        (self.folder / "config").write_text(config)

    def _know(self, key: str) -> None:
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                return line.recv(4) == b"SSH-"
        except OSError:
            return False


def _processes() -> Iterator[tuple[int, int, list[str]]]:
    """Id, parent's id and words of each process."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            yield int(folder.name), parent, (folder / "cmdline").read_text().split("\0")
