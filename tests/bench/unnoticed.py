"""A hundred deploys in a row, all that Forge does in one, while people ask: does anybody notice?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from forge.domain.deploy import ENDED, Deploy
from forge.runtime import Runtime
from tests.bench.house import add_project, composed, connect
from tests.bench.switch import VISITORS
from tests.bench.table import Figure, Result, median, table
from tests.parts import images
from tests.parts.parts import Parts
from tests.world import until

DEPLOYS = 100
FRESH = 10  # visitors who open a connection for each of at most 50 requests a second
DOMAIN = "dev-shop.localhost"


def run(deploys: int = DEPLOYS) -> Result:
    """Fresh connections and requests in flight are judged; kept connections are Caddy's to close."""
    with Parts() as parts, tempfile.TemporaryDirectory() as folder, composed(Path(folder) / "data") as runtime:
        connect(runtime, parts)
        add_project(runtime, parts.registry, "shop", drain=2)
        runtime.start()
        _deploy(runtime, parts, 0)
        command = [sys.executable, str(VISITORS), str(parts.caddy.port), DOMAIN, str(FRESH)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as visitors:
            began = time.monotonic()
            done = [_deploy(runtime, parts, number) for number in range(1, deploys + 1)]
            took = time.monotonic() - began
            found = json.loads(visitors.communicate(timeout=60)[0])
        parts.engine.clear()
    asked, failed = found["asked"], found["failed"]
    notes = tuple(f"failed: {text} ({count})" for text, count in found["failures"].items())
    return Result(name="unnoticed", figures=_figures(done, asked, failed, took), notes=notes)


def _deploy(runtime: Runtime, parts: Parts, number: int) -> Deploy:
    """The tags all begin with what the visitors take for a page of ours."""
    tag = f"dev-1-{number}"
    images.push(parts.registry, "shop", tag, kind="slow_requests")
    asked = runtime.requests.deploy("shop", "dev", tag=tag, actor="bench")
    until(lambda: runtime.store.deploys.get(asked.id).status in ENDED, f"{tag} has ended")
    return runtime.store.deploys.get(asked.id)


def _figures(done: list[Deploy], asked: dict[str, int], failed: dict[str, int], took: float) -> tuple[Figure, ...]:
    measured = [deploy.measured for deploy in done if deploy.measured is not None]
    own = sum(one.sent for one in measured)
    return (
        Figure(name="deploys that did not go live", value=sum(not deploy.ended_well for deploy in done), most=0,
               unit=f"of {len(done)}"),
        Figure(name="fresh connections failed", value=failed.get("fresh", 0), unit=f"of {asked['fresh']:,}", most=0),
        Figure(name="in flight lost", value=failed.get("slow", 0), unit=f"of {asked['slow']:,}", most=0),
        Figure(name="on kept-alive connections reset", value=failed.get("kept", 0), unit=f"of {asked['kept']:,}"),
        Figure(name="Forge's own requests failed", value=sum(one.failed for one in measured), unit=f"of {own}", most=0),
        Figure(name="switched, median", value=median([one.switch or 0 for one in measured]), unit="ms"),
        Figure(name="requests a second", value=sum(asked.values()) / took),
    )  # fmt: skip


if __name__ == "__main__":
    print(table([run(*map(int, sys.argv[1:2]))]))
