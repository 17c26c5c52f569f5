"""A Forge that breaks on purpose, in a process of its own: `python -m tests.e2e.breaking DATA STEP HOW`.

It is the product's own composition with a checkpoint that raises or kills. It deploys what it is told on
standard input (`PROJECT STAGE TAG`), and says on standard output, a line of JSON each, how that ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from forge.compose import compose
from forge.domain.deploy import ENDED
from forge.domain.errors import EngineError
from forge.settings import Settings

NOWHERE = "nowhere"
RAISES, KILLED, KILLED_REVERTING = "raises after its effect", "kill -9 after its effect", "kill -9 while reverting"
TERMED = "SIGTERM after its effect"


def breaker(step: str, how: str):
    """What is called after each effect: breaks at `step`; KILLED_REVERTING raises there and kills in the first undo."""
    moments: list[str] = []

    def checkpoint(moment: str) -> None:
        moments.append(moment)
        if how == KILLED_REVERTING and step in moments:
            first_undo = moment.startswith("undo ") or (moment == "reverting" and not _has_undo(step))
            if first_undo:
                os.kill(os.getpid(), signal.SIGKILL)
        if moment == step:
            if how == KILLED:
                os.kill(os.getpid(), signal.SIGKILL)
            if how == TERMED:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            raise EngineError(f"Broken on purpose at {step}")

    return checkpoint


def _has_undo(step: str) -> bool:
    """Whether anything before or at `step` has something to take back."""
    return step not in {"resolve digest", "pull"}


def main(data: str, step: str, how: str) -> None:
    runtime = compose(Settings(data=Path(data), port=0), checkpoint=breaker(step, how) if step != NOWHERE else _nothing)
    runtime.start()
    signal.signal(signal.SIGTERM, lambda *_: _end(runtime))
    _say(ready=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["idle"]:
            _wait_idle(runtime)
            _say(idle=True)
            continue
        project, stage, tag = words
        deploy = runtime.requests.deploy(project, stage, tag=tag, actor="test")
        while (now := runtime.store.deploys.get(deploy.id)).status not in ENDED or runtime.deployer.busy():
            time.sleep(0.01)
        _say(status=now.status.value, failed_step=now.failed_step, failure=now.failure)
    _end(runtime)


def _wait_idle(runtime) -> None:
    """Nothing is under way, and what a Forge before this one left over was swept away."""
    end = time.monotonic() + 20
    while runtime.deployer.busy() or not all(one.serving for one in runtime.store.instances.present()):
        if time.monotonic() > end:
            return  # what is left over fails the test that asked
        time.sleep(0.01)


def _end(runtime) -> None:
    """As `forge serve` does when it is told to stop."""
    runtime.close()
    sys.stdout.flush()
    os._exit(0)


def _nothing(_: str) -> None:
    """Nothing breaks."""


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    threading.current_thread().name = "main"
    main(*sys.argv[1:4])
