"""The machine that Forge runs on: what it has, and what is used of it."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from forge.domain.metrics import Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Where Forge's data folder is; sizes in bytes."""

    used: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """This machine. `folder` is on the disk that is told of; the others are where Linux tells about itself.

    Processor, memory and network are known on Linux only: elsewhere they are None, which is said rather than guessed.
    Inside a container Linux tells of the machine's processors and memory, but of the container's network: only
    interfaces with a device behind them are counted, and without one the network is not known.
    """

    folder: Path
    proc: Path = Path("/proc")
    interfaces: Path = Path("/sys/class/net")

    @property
    def name(self) -> str:
        return socket.gethostname()

    @property
    def processors(self) -> int:
        return os.cpu_count() or 1

    @property
    def memory(self) -> int | None:
        """Bytes in all."""
        return _read(lambda: self._memory()["MemTotal"])

    @property
    def disk(self) -> Disk | None:
        found = _read(lambda: shutil.disk_usage(self.folder))
        return Disk(used=found.total - found.free, total=found.total) if found else None

    def usage(self, at: float) -> Usage:
        """What was used until `at`; `cpu` in seconds of all processors together, so that 1 a second is all there is."""
        received, sent = _read(self._traffic) or (None, None)
        return Usage(at=at, cpu=_read(self._cpu), memory=_read(self._used), received=received, sent=sent)

    def _cpu(self) -> float:
        """Of the first line of /proc/stat: all but idle, waiting for disks, and guests, which count as user already."""
        user, nice, system, _idle, _waiting, *others = map(int, self._lines("stat")[0].split()[1:9])
        return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK") / self.processors

    def _used(self) -> int:
        sizes = self._memory()
        return sizes["MemTotal"] - sizes["MemAvailable"]

    def _memory(self) -> dict[str, int]:
        pairs = (line.split(":") for line in self._lines("meminfo"))
        return {name: int(size.split()[0]) * 1024 for name, size in pairs}

    def _traffic(self) -> tuple[int, int]:
        lines = (line.split(":") for line in self._lines("net/dev")[2:])
        return _sum(sizes.split() for name, sizes in lines if (self.interfaces / name.strip() / "device").exists())

    def _lines(self, name: str) -> list[str]:
        return (self.proc / name).read_text("ascii").splitlines()


def _sum(interfaces: Iterable[list[str]]) -> tuple[int, int]:
    """Bytes received and sent, of the columns of /proc/net/dev; raise LookupError without an interface."""
    found = [(int(columns[0]), int(columns[8])) for columns in interfaces]
    if not found:
        raise LookupError("no interface with a device")
    return sum(received for received, _ in found), sum(sent for _, sent in found)


def _read(read: Callable[[], T]) -> T | None:
    """What `read` finds; None where the system does not tell, or tells it otherwise."""
    try:
        return read()
    except (OSError, LookupError, ValueError):
        return None
