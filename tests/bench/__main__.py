"""Run the benchmarks that are named (all), print a table, and keep the figures as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.table import Result, of_streams, table

NAMES = (
    "streams", "deploys", "webhook", "start", "frozen", "poll", "switch", "unnoticed", "browser", "window", "memory",
    "soak",
)  # fmt: skip
FILE = Path(__file__).parents[2] / "build" / "bench.json"


def main() -> int:
    """1 if a target is missed and --check was given; else 0."""
    ask = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    ask.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    ask.add_argument("--json", type=Path, default=FILE, metavar="FILE")
    ask.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    args = ask.parse_args()
    unknown = sorted(set(args.names) - set(NAMES))
    if unknown:
        ask.error(f"there is no benchmark {unknown[0]}: there are {', '.join(NAMES)}")
    results = [measure(name) for name in NAMES if name in args.names or not args.names]
    print(table(results))
    write(args.json, results)
    return 1 if args.check and not all(result.passed for result in results) else 0


def measure(name: str) -> Result:
    """Run one benchmark, saying so on the error output."""
    began = time.monotonic()
    print(f"{name} …", end=" ", file=sys.stderr, flush=True)
    module: Any = importlib.import_module(f"tests.bench.{name}")
    found: Result = _of_the_product(module) if name == "streams" else module.run()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def _of_the_product(streams: Any) -> Result:
    """The streams of `forge serve` itself, not of the smallest app around them."""
    with tempfile.TemporaryDirectory() as folder:
        return of_streams(streams.run(forge=streams.product(Path(folder))))


def write(file: Path, results: list[Result]) -> None:
    """The figures with what they were measured on."""
    machine = {
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"at": round(time.time()), "machine": machine, "results": [result.as_json() for result in results]}
    file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
