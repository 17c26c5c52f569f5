"""How soon `forge serve` answers, how much memory it holds, and what it does when there is nothing to do."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.house import Served, add_project, composed, connect
from tests.bench.table import Figure, Result, median, table
from tests.parts.parts import Parts
from tests.parts.process import free_port
from tests.push import Pusher

PROJECTS = 50
STARTS = 7
IDLE = 20.0  # seconds
SETTLES = 5.0  # seconds until the first poll and whatever else a start begins is over
MOST_SECONDS, MOST_MB, MOST_CPU = 1.0, 80.0, 0.5

# What any such program needs: the same HTTP server with one page.
SMALLEST = """
import flask, sys, waitress
app = flask.Flask("smallest")
app.add_url_rule("/api/health", view_func=lambda: {"status": "ok"})
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), _quiet=True)
"""


def run(starts: int = STARTS) -> Result:
    """Medians of `starts` starts with 50 projects that a poller watches; engine, registry and Caddy are up."""
    with Parts() as parts, tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with composed(data) as runtime, Pusher(parts.registry.url) as pusher:
            connect(runtime, parts, interval=300)
            for number in range(PROJECTS):
                add_project(runtime, parts.registry, f"shop{number}")
                pusher.push(f"shop{number}", "dev-1")
        forge, smallest, first = [], [], []
        for _ in range(starts):
            smallest.append(_smallest())
            with Served(data) as served:
                forge.append(served.took)
                first.append(resident(served.pid))
        with Served(data) as served:
            time.sleep(SETTLES)
            cpu = _busy(served.pid, IDLE)
            memory = resident(served.pid)
    flask = "Flask alone"
    figures = (
        Figure(
            name="start to first 200", value=median(forge), unit="s", most=MOST_SECONDS,
            baseline=median(smallest), beside=flask,
        ),
        Figure(name="start to first 200, slowest", value=max(forge), unit="s"),
        Figure(name="resident at first 200", value=median(first), unit="MB"),
        Figure(name="resident after a poll", value=memory, unit="MB", most=MOST_MB),
        Figure(name="processor when idle", value=cpu, unit="%", most=MOST_CPU),
    )  # fmt: skip
    return Result(name="start", figures=figures)


def _smallest() -> float:
    """Seconds until the smallest server answers."""
    port = free_port()
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", SMALLEST, str(port)]) as server:
        try:
            while not Served.answers(port):
                time.sleep(0.005)
            return time.perf_counter() - began
        finally:
            server.terminate()


def resident(pid: int) -> float:
    """Resident MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _busy(pid: int, seconds: float) -> float:
    """Per cent of one core over the next `seconds`."""
    before, began = _cpu(pid), time.perf_counter()
    time.sleep(seconds)
    return (_cpu(pid) - before) / (time.perf_counter() - began) * 100


def _cpu(pid: int) -> float:
    """Seconds of processor time so far, to the nanosecond: a clock tick would be a tenth of the target."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def imports(most: int = 15) -> str:
    """The slowest imports of `forge serve`, each without what it imports itself; milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder) / "data", {"PYTHONPROFILEIMPORTTIME": "1"})
        served.stop()
        said = served.log.read_text()
    lines = [line[len("import time:") :].split("|") for line in said.splitlines() if line.startswith("import time:")]
    times = sorted(((int(own), name.strip()) for own, _, name in lines if own.strip().isdigit()), reverse=True)
    packages: dict[str, int] = {}
    for own, name in times:
        packages[name.partition(".")[0]] = packages.get(name.partition(".")[0], 0) + own
    slowest = sorted(packages.items(), key=lambda item: -item[1])[:most]
    return "\n".join(f"{took / 1000:7.1f} ms  {name}" for name, took in slowest)


if __name__ == "__main__":
    print(table([run()]))
    print(imports())
