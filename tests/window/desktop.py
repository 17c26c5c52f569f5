"""Forge as a double click starts it, in a process of its own."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.e2e.forge_process import ForgeProcess
from tests.e2e.live import until
from tests.window.screen import Screen


class DesktopProcess(ForgeProcess):
    """`forge` with nothing behind it, on `screen` or on none."""

    says_to = "terminal"

    def __init__(self, data: Path, screen: Screen | None, **settings: str) -> None:
        super().__init__(data, FORGE_PORT="0", **settings)
        self.screen = screen
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "DBUS_SESSION_BUS_ADDRESS", "LC_ALL"):
            self.environment.pop(name, None)
        folder = data.parent / "tmp"
        folder.mkdir(exist_ok=True)
        self.temporary = folder
        shown = screen.environment if screen is not None else {}
        self.environment |= {"HOME": str(data.parent), "TMPDIR": str(folder), "LANG": "C.UTF-8", **shown, **settings}

    def command(self) -> list[str]:
        return [sys.executable, "-m", "forge", "--data", str(self.data)]

    def said(self) -> str:
        """What it wrote to the terminal."""
        return self.log.read_text("utf-8", "replace")

    def faults(self) -> list[str]:
        """The log of a Forge on the desktop is a file in its folder."""
        kept = [file for file in (self.data / "forge.log", self.data / "window/window.log") if file.exists()]
        lines = [line for file in kept for line in file.read_text("utf-8", "replace").splitlines()]
        return super().faults() + [line for line in lines if "Traceback" in line]

    def family(self) -> set[int]:
        """It, and all processes that it started, and those that they did."""
        parents = dict(_parents())
        found = {self.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def ended(self, patience: float = 20) -> int:
        """Its exit code, when it has ended by itself."""
        assert self._process is not None
        return self._process.wait(patience)

    def second(self, **settings: str) -> tuple[int, str]:
        """Start it once more; exit code and what it said."""
        return self.again(**settings)

    def interrupt(self) -> int:
        """Ctrl-C."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self.ended()


class FrozenDesktop(DesktopProcess):
    """`dist/forge`, with nothing of Python around it."""

    def __init__(self, executable: Path, data: Path, screen: Screen | None, **settings: str) -> None:
        super().__init__(data, screen, **settings)
        self.executable = executable
        kept = {name: self.environment[name] for name in ("HOME", "TMPDIR", "LANG", "FORGE_PORT")}
        shown = screen.environment if screen is not None else {}
        self.environment = {**kept, **shown, **settings}

    def command(self) -> list[str]:
        return [str(self.executable), "--data", str(self.data)]


def gone(pids: set[int]) -> None:
    """Wait until none of them runs."""
    until(lambda: not {pid for pid in pids if _runs(pid)}, "every process has ended")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command_of(pid: int) -> bytes:
    """What it was started with; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def parent_of(pid: int) -> int:
    """0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _parents() -> list[tuple[int, int]]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [(pid, parent_of(pid)) for pid in pids]
