"""The one file beside the source: how large it is, how soon it answers cold and warm, what memory it holds.

Cold: the kernel has dropped what it had read of any file (root only, and it slows down everybody on the machine).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import streams
from tests.bench.house import SERVE, Served
from tests.bench.start import resident
from tests.bench.table import Figure, Result, median

ROOT = Path(__file__).parents[2]
FILE = ROOT / "dist" / "forge"
STARTS = 7
COLD_STARTS = 3
MOST_MB, MOST_WARM, MOST_COLD = 20.0, 2.0, 5.0
MOST_RESIDENT = 90.0
CACHES = Path("/proc/sys/vm/drop_caches")


def run(starts: int = STARTS) -> Result:
    """Medians. The file is built if it is not there."""
    if not FILE.exists():
        subprocess.run([sys.executable, "spec/build.py"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    source, file = (sys.executable, *SERVE), (str(FILE), "serve")
    warm = {command: [_start(command) for _ in range(starts)] for command in (source, file)}
    cold = {command: [_start(command) for _ in range(COLD_STARTS) if _forget()] for command in (source, file)}
    live = _streams(file)
    figures = [
        Figure(name="size of the file", value=FILE.stat().st_size / 1e6, unit="MB", most=MOST_MB),
        _beside("warm start to first 200", [took for took, _ in warm[file]], [took for took, _ in warm[source]]),
        Figure(
            name="resident at first 200, loader and all", value=median([held for _, held in warm[file]]), unit="MB",
            most=MOST_RESIDENT, baseline=median([held for _, held in warm[source]]), beside="from source",
        ),
        *live,
    ]  # fmt: skip
    if cold[file]:
        cold_file, cold_source = ([took for took, _ in cold[command]] for command in (file, source))
        figures.insert(2, _beside("cold start to first 200", cold_file, cold_source, most=MOST_COLD))
    notes = () if cold[file] else ("Cold starts need root, to let the kernel forget its files.",)
    return Result(name="frozen", figures=tuple(figures), notes=(*notes, f"load {os.getloadavg()[0]:.1f}"))


def _beside(name: str, file: list[float], source: list[float], most: float = MOST_WARM) -> Figure:
    return Figure(name=name, value=median(file), unit="s", most=most, baseline=median(source), beside="from source")


def _start(command: tuple[str, ...]) -> tuple[float, float]:
    """Seconds until it answers on an empty data folder, and the MB that it and its children hold then."""
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder) / "data", command=command) as served:
        return served.took, sum(resident(pid) for pid in (served.pid, *streams.children(served.pid)))


def _forget() -> bool:
    with contextlib.suppress(OSError):
        os.sync()
        CACHES.write_text("3")
        return True
    return False


def _streams(command: tuple[str, ...]) -> list[Figure]:
    """1,000 readers of the file's live stream, beside the same from source."""
    rows: list[dict[str, Any]] = []
    for name, words in (("the file", command), ("from source", None)):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(streams.measure(streams.product(Path(folder), name, words), 1000, 10))
    file, source = rows
    return [
        Figure(
            name=f"1,000 readers, {label}", value=file[key], unit=unit, most=most, baseline=source[key],
            beside="from source",
        )
        for key, label, unit, most in (
            ("event_p99_ms", "event p99", "ms", streams.LIMITS["event_p99_ms"]),
            ("api_p99_ms", "api p99", "ms", streams.LIMITS["api_p99_ms"]),
            ("memory_mb", "memory they add", "MB", streams.LIMITS["memory_mb"]),
        )
    ]  # fmt: skip
