"""A Docker engine: a private one on its own socket, folder and bridge, or one that already answers."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tests.parts import leftovers
from tests.parts.certificates import Authority
from tests.parts.network import Bridge
from tests.parts.process import Process, find_program

if TYPE_CHECKING:
    from docker import DockerClient


def answering() -> str | None:
    """The URL of an engine that already answers (DOCKER_HOST, else the usual socket), or None."""
    url = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    return url if _answers(url) else None


def _answers(url: str) -> bool:
    try:
        if url.startswith("unix://"):
            return _ping(url.removeprefix("unix://"))
        with contextlib.closing(connect(url)) as client:
            return bool(client.ping())
    except OSError:  # the SDK's errors of connecting are of this kind too
        return False


def _ping(path: str) -> bool:
    """Ask by hand: the SDK leaks a socket for every try that fails, which our tests take for an error."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(path)
        line.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
        return b" 200 " in line.recv(100)


def connect(url: str) -> DockerClient:
    """A client of the SDK; the caller closes it."""
    import docker  # noqa: PLC0415 - slow to import, and most tests need no engine

    return docker.DockerClient(base_url=url, timeout=30)


class ExistingEngine:
    """An engine that somebody else runs: used, never started or stopped."""

    private = False

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        """Nothing to do: it runs already."""

    def stop(self) -> None:
        """Nothing to do: it is not ours to stop."""


class Engine:
    """A private dockerd under `folder`; `url` is what Forge is given as the engine's address.

    It touches no firewall rule and no kernel setting, so any number of them run beside one another: ports
    published on 127.0.0.1 are served by Docker's own proxy. From outside it is reached by TLS at `tls_url`, an address
    of its bridge, with `certs`.
    """

    private = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/docker.sock"
        self._bridge: Bridge | None = None
        self._process: Process | None = None

    @property
    def host(self) -> str:
        """An address of this machine that is not loopback, and is the engine's own."""
        assert self._bridge is not None, "it was not started"
        return self._bridge.address

    @property
    def tls_url(self) -> str:
        return f"tcp://{self.host}:2376"

    @property
    def certs(self) -> Path:
        """A folder in Docker's layout for those who may use it."""
        return self.folder / "tls" / "client"

    def start(self) -> None:
        """Start it, or start it again on the same data; raises PartMissing in one sentence where it cannot run."""
        if self._process is None or self._bridge is None:
            self._process = self._prepare()
        self._process.start(lambda: _answers(self.url), within=60)

    def _prepare(self) -> Process:
        leftovers.need_root()
        program = find_program("dockerd", "docker.io")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._bridge = Bridge()
        leftovers.note_range(self.folder, self._bridge.range)
        self._bridge.up()
        authority = Authority(self.folder / "tls")
        authority.client()
        argv = [program, *self._options(self._bridge), *self._tls(authority.server(self.host, "127.0.0.1"))]
        return Process(argv, log=self.folder / "dockerd.log", env={"HOME": str(self.folder)})

    def _tls(self, server: Path) -> list[str]:
        return [
            f"--host={self.tls_url}",
            "--tlsverify",
            f"--tlscacert={server}/ca.pem",
            f"--tlscert={server}/cert.pem",
            f"--tlskey={server}/key.pem",
        ]

    def _options(self, bridge: Bridge) -> list[str]:
        return [
            f"--host={self.url}",
            f"--data-root={self.folder}/data",
            f"--exec-root={self.folder}/exec",
            f"--pidfile={self.folder}/dockerd.pid",
            f"--bridge={bridge.name}",
            f"--default-address-pool=base={bridge.pool},size=26",
            "--iptables=false",
            "--ip-masq=false",
            "--ip-forward=false",
            f"--storage-driver={'overlay2' if leftovers.can_overlay(self.folder) else 'vfs'}",
            "--shutdown-timeout=3",
            "--log-level=warn",
        ]

    def client(self) -> DockerClient:
        """A client of the SDK; the caller closes it."""
        return connect(self.url)

    def down(self) -> None:
        """Stop the engine as `systemctl stop docker` would: its containers end, its data stays for start()."""
        if self._process:
            self._process.stop(within=20)

    def restart(self) -> None:
        """Stop and start again with the same data."""
        self.down()
        self.start()

    def kill(self) -> None:
        """The engine crashes (SIGKILL), and its containerd with it; its containers live on until start()."""
        if self._process:
            self._process.kill()
        # Where nobody reaps orphans the dead containerd's id still counts as alive, and dockerd would wait for it.
        (self.folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every container, network and volume of this engine."""
        with contextlib.closing(self.client()) as client:
            for container in client.api.containers(all=True):
                client.api.remove_container(container["Id"], force=True, v=True)
            client.networks.prune()
            for volume in client.volumes.list():
                volume.remove(force=True)

    def stop(self) -> None:
        """End it for good and leave nothing behind: no process, bridge, mount or file."""
        if self._process and self._process.pid:
            self.clear()
            self.down()
        self._process = None
        leftovers.remove(self.folder)
