"""How soon the window is there and the board is painted in it, and how much memory server and window hold."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.table import Figure, Result, median
from tests.e2e.forge_process import ROOT
from tests.window.desktop import DesktopProcess, FrozenDesktop, command_of, parent_of
from tests.window.looks import shows_board, shows_window
from tests.window.screen import Screen

STARTS = 5  # after the first, which makes the data folder and the web view's storage
SETTLES = 3.0  # seconds
MOST_SHOWN, MOST_PAINTED, MOST_SERVER = 1.0, 2.5, 80.0
FILE = ROOT / "dist/forge"


def run(starts: int = STARTS) -> Result:
    """From source, and of the one file if it was built; the screen has no monitor and draws with the processor."""
    figures = _figures("source", DesktopProcess, starts)
    if FILE.is_file():
        figures += _figures("file", lambda data, screen, **more: FrozenDesktop(FILE, data, screen, **more), starts)
    notes = () if FILE.is_file() else ("There is no dist/forge: run `make build` first.",)
    return Result(name="window", figures=tuple(figures), notes=notes)


def _figures(what: str, make: Callable[..., DesktopProcess], starts: int) -> list[Figure]:
    with Screen() as screen, tempfile.TemporaryDirectory() as folder:
        forge = make(Path(folder) / "data", screen, FORGE_ENGINE=f"unix://{folder}/docker.sock")
        times = [_start(forge, screen) for _ in range(starts + 1)]
        forge.launch()
        _until(lambda: shows_board(screen.picture()), time.monotonic())
        time.sleep(SETTLES)
        server, window = _memory(forge)
        forge.stop()
    first, *later = times
    shown, painted = (median(list(column)) for column in zip(*later, strict=True))
    return [
        Figure(name=f"{what}: start to window", value=shown, unit="s", most=MOST_SHOWN),
        Figure(name=f"{what}: start to painted board", value=painted, unit="s", most=MOST_PAINTED),
        Figure(name=f"{what}: very first start to painted board", value=first[1], unit="s"),
        Figure(name=f"{what}: memory of the server", value=server, unit="MB", most=MOST_SERVER),
        Figure(name=f"{what}: memory of window and web view", value=window, unit="MB"),
    ]


def _start(forge: DesktopProcess, screen: Screen) -> tuple[float, float]:
    """Seconds until something of ours is on the screen, and until the board is."""
    began = time.monotonic()
    forge.launch()
    shown = _until(lambda: shows_window(screen.picture()), began)
    painted = _until(lambda: shows_board(screen.picture()), began)
    forge.stop()
    return shown, painted


def _until(holds: Callable[[], bool], began: float) -> float:
    while not holds():
        if time.monotonic() > began + 60:
            raise TimeoutError("The window did not come.")
        time.sleep(0.01)
    return time.monotonic() - began


def _memory(forge: DesktopProcess) -> tuple[float, float]:
    """MB of the server, and of everything else: what several share is counted in parts (PSS)."""
    shares = {pid: _share(pid) for pid in forge.family()}
    (window,) = [pid for pid in shares if b"--child" in command_of(pid)]
    server = parent_of(window)
    return shares[server], sum(shares.values()) - shares[server]


def _share(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0
