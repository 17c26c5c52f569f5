"""1,000 readers of the live stream at ten events a second, beside node http and uvicorn + sse-starlette.

The server has one core, readers and prober the other. The peers are the smallest servers there are, and so is
Forge's: its hub in an app of two routes. `--product` measures `forge serve` itself, events made by changing a setting.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "streams"
ROOT = Path(__file__).parents[2]
SERVER_CORE, READER_CORE = 0, 1
RATE = 10

# What the issue asks for.
LIMITS = {"event_p99_ms": 25.0, "api_p99_ms": 15.0, "memory_mb": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server to measure; {port} in `command` and `environment` is replaced. What is in `token_file` is sent as a
    bearer. Without a `causes` it makes events by itself; else these are the bodies to PUT at /api/settings in turn.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    token_file: Path | None = None
    causes: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        return self.token_file.read_text().strip() if self.token_file else ""


FORGE = Target(name="Forge", command=(sys.executable, str(HERE / "forge_server.py"), "{port}", str(RATE)))
NODE = Target(name="node http", command=("node", str(HERE / "node_server.mjs"), "{port}", str(RATE)))
UVICORN = Target(
    name="uvicorn + sse-starlette", command=(sys.executable, str(HERE / "uvicorn_server.py"), "{port}", str(RATE))
)


def product(folder: Path, name: str = "forge serve", command: tuple[str, ...] | None = None) -> Target:
    """`forge serve` on an empty data folder; `command` is another way to start it."""
    from tests.bench.house import SERVE  # noqa: PLC0415 composes the whole product, which the peers do not need

    data = folder / "data"
    return Target(
        name=name,
        command=command or (sys.executable, *SERVE),
        environment={"FORGE_DATA": str(data), "FORGE_PORT": "{port}", "FORGE_LOG_LEVEL": "error"},
        token_file=data / "token",
        causes=('{"events":100000}', '{"events":100001}'),
    )


def run(readers: int = 1000, seconds: float = 10, many: int = 5000, forge: Target = FORGE) -> dict[str, Any]:
    """Measure all; times in milliseconds, memory in MB of resident pages that the readers added."""
    rows = [measure(target, readers, seconds) for target in (forge, NODE, UVICORN) if shutil.which(target.command[0])]
    ours, peers = rows[0], rows[1:]
    checks = {f"{name} ≤ {limit:g}": ours[name] <= limit for name, limit in LIMITS.items()}
    for peer in peers:
        for name in ("event_p99_ms", "api_p99_ms"):
            checks[f"{name} ahead of {peer['server']}"] = ours[name] < peer[name]
    if many:
        rows.append(measure(forge, many, seconds))
    return {"name": "streams", "rate": RATE, "rows": rows, "checks": checks, "passed": all(checks.values())}


def measure(target: Target, readers: int, seconds: float) -> dict[str, Any]:
    """One server under `readers` streams."""
    with _started(target) as (pid, port):
        _probe(target, port, readers=10, seconds=1)  # what is loaded at the first stream is not the readers' doing
        memory, files = _memory(pid), _files(pid)
        with _caused(target, port):
            found = _probe(target, port, readers=readers, seconds=seconds, pid=pid)
        left = time.monotonic()
        while _files(pid) > files + 5 and time.monotonic() - left < 30:
            time.sleep(0.01)
        freed = time.monotonic() - left
    events, api = found["events"], found["api"]
    return {
        "server": target.name,
        "readers": readers,
        "event_p50_ms": _ms(events["p50"]),
        "event_p99_ms": _ms(events["p99"]),
        "api_p50_ms": _ms(api["p50"]),
        "api_p99_ms": _ms(api["p99"]),
        "memory_mb": round(found["memory"] - memory, 2),
        "resident_mb": round(found["memory"], 1),
        "cpu_percent": round(found["cpu"], 1),
        "freed_s": round(freed, 2),
        "connected_s": round(events["connected_in"], 2),
        "events_of_expected": round(events["events"] / (readers * RATE * seconds), 3),
    }


def _probe(target: Target, port: int, *, readers: int, seconds: float, pid: int | None = None) -> dict[str, Any]:
    """Open streams, ask the API meanwhile, leave; what readers and prober saw, and the server's use."""
    core, token = str(READER_CORE), target.token
    script = [sys.executable, str(HERE / "reader.py"), str(port), "/api/events", str(readers), str(seconds)]
    asking = [sys.executable, str(HERE / "prober.py"), str(port), "/api/health", core, token]
    with subprocess.Popen([*script, core, token], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        if reader.stdout.readline() != "connected\n":
            raise SystemExit(f"{target.name}: the streams could not be opened.")
        cpu, started = _cpu(pid), time.monotonic()
        with subprocess.Popen(asking, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as prober:
            time.sleep(max(0.0, seconds - 0.1))
            used = (_cpu(pid) - cpu) / (time.monotonic() - started) * 100
            memory = _memory(pid)
            api = prober.communicate()[0]
        return {"events": json.loads(reader.communicate()[0]), "api": json.loads(api), "memory": memory, "cpu": used}


@contextmanager
def _started(target: Target) -> Iterator[tuple[int, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    more = {name: value.replace("{port}", str(port)) for name, value in target.environment.items()}
    command = [
        "taskset",
        "--cpu-list",
        str(SERVER_CORE),
        *(part.replace("{port}", str(port)) for part in target.command),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    with subprocess.Popen(command, env=environment, cwd=ROOT) as server:
        try:
            _more_descriptors(server.pid)
            _wait_for(port)
            yield next(iter(children(server.pid)), server.pid), port
        finally:
            server.terminate()


@contextmanager
def _caused(target: Target, port: int) -> Iterator[None]:
    """Change a setting at the rate of events, where the server makes none by itself."""
    ended = threading.Event()

    def cause() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
        due = time.monotonic()
        for body in itertools.cycle(target.causes):
            due += 1 / RATE
            if ended.wait(max(0.0, due - time.monotonic())):
                return
            connection.request("PUT", "/api/settings", body, headers)
            answer = connection.getresponse()
            if answer.read() and answer.status != 200:
                raise SystemExit(f"A setting could not be changed: {answer.status}")

    thread = threading.Thread(target=cause)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _more_descriptors(pid: int) -> None:
    hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"Nothing listens on port {port} after 20 s.")


def children(pid: int) -> list[int]:
    """Of a process: the one file is a loader and the server that it started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _memory(pid: int | None) -> float:
    """Resident memory in MB."""
    if pid is None:
        return 0.0
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _cpu(pid: int | None) -> float:
    """Seconds of processor time used so far."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _ms(seconds: float | None) -> float:
    return float("nan") if seconds is None else round(seconds * 1000, 1)


def main() -> None:
    """Print the measurement as a table and as JSON."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--readers", type=int, default=1000)
    ask.add_argument("--seconds", type=float, default=10)
    ask.add_argument("--many", type=int, default=5000, help="also this many, for Forge only; 0: none")
    ask.add_argument("--product", action="store_true", help="measure forge serve instead of the smallest app")
    args = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        forge = product(Path(folder)) if args.product else FORGE
        found = run(args.readers, args.seconds, args.many, forge)
    columns = list(found["rows"][0])
    print(" | ".join(columns))
    for row in found["rows"]:
        print(" | ".join(str(row[column]) for column in columns))
    print(json.dumps(found["checks"], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
