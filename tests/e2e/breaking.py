"""A Forge that breaks on purpose, in a process of its own: the product's composition with a checkpoint that breaks.

It is forked from a process that has imported everything once, which is most of what a start costs here. What is done
with it goes over a pipe, a tuple each way.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from forge.compose import compose
from forge.domain.deploy import ENDED
from forge.domain.errors import EngineError, ForgeError
from forge.domain.instance import Instance
from forge.domain.route import Route
from forge.ports import HOME_LABEL, InstanceState
from forge.runtime import Runtime
from forge.settings import Settings

RAISES, KILLED, KILLED_REVERTING = "raises after its effect", "kill -9 after its effect", "kill -9 while reverting"
TERMED, TERMED_REVERTING = "SIGTERM after its effect", "SIGTERM while reverting"
REVERTING = {KILLED_REVERTING, TERMED_REVERTING}
HELD = "waits after its effect"  # for what a test does meanwhile
_SETTLES = 20.0  # seconds until what is left over must be gone: the test fails on what it finds then


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is there of a project, by the engine, the store and the proxy; `routes` and `networks` of all projects."""

    containers: tuple[InstanceState, ...]
    instances: tuple[Instance, ...]
    routes: tuple[Route, ...]
    networks: tuple[str, ...]


class Breaking:
    """A running one on the data folder, as the test has it in hand."""

    def __init__(self, data: Path) -> None:
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload([__name__])
        self._line, there = forks.Pipe()
        self._process = forks.Process(target=_serve, args=(str(data), there), daemon=True)
        self._process.start()
        there.close()
        assert self._line.recv() == "ready"

    def deploy(self, project: str, tag: str, step: str = "", how: str = RAISES) -> str | None:
        """Deploy it to `dev`, breaking at `step` by `how`; the deploy's status at its end, None if Forge ended."""
        return self._ask("deploy", project, tag, (step, how))

    def deploy_and(self, meanwhile: Callable[[], None], project: str, tag: str, step: str) -> str | None:
        """Deploy it to `dev`, and do something while it waits after the effect of `step`; the status at its end."""
        assert self._ask("deploy", project, tag, (step, HELD)) == step
        meanwhile()
        return self._ask("go on")

    def settle(self, project: str, instances: int) -> Seen:
        """What is there once nothing is under way and so many instances run, or when that did not come about."""
        seen = self._ask("settle", project, instances)
        assert isinstance(seen, Seen), "it ended"
        return seen

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        self._process.join(30)
        code = self._process.exitcode
        assert code is not None, "it does not end"
        self._line.close()
        self._process.close()
        return code

    def end(self) -> int:
        """Close it as Ctrl-D does; its exit code."""
        self._line.close()
        return self.ended()

    def _ask(self, *words: object) -> Any:
        self._line.send(words)
        with suppress(EOFError, ConnectionResetError):
            return self._line.recv()
        return None


# ---- in its own process


class Fault:
    """What is called after each effect: breaks at `step` by `how`.

    REVERTING raises there and sends its signal in the first undo. After SIGTERM Forge goes on once it has heard it;
    HELD asks over `line` for leave to go on.
    """

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.step = self.how = ""
        self.heard = threading.Event()
        self._met = False

    def set(self, step: str, how: str) -> None:
        self.step, self.how, self._met = step, how, False

    def __call__(self, moment: str) -> None:
        self._met = self._met or moment == self.step
        if self.how in REVERTING and self._met and self._is_undo(moment) and not self.heard.is_set():
            self._signal()
        if moment != self.step:
            return
        if self.how in {KILLED, TERMED}:
            self._signal()
        elif self.how == HELD:
            self.step = ""  # a deploy that is tried once more is not held again
            self._line.send(moment)
            self._line.recv()
        else:
            raise EngineError(f"Broken on purpose at {moment}")

    def _signal(self) -> None:
        if self.how in {TERMED, TERMED_REVERTING}:
            os.kill(os.getpid(), signal.SIGTERM)
            self.heard.wait()
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_undo(self, moment: str) -> bool:
        nothing_to_undo = self.step in {"resolve digest", "pull"}
        return moment.startswith("undo ") or (moment == "reverting" and nothing_to_undo)


def _serve(data: str, line: Connection) -> None:
    """Do what comes over `line` until it is closed."""
    faulthandler.enable()
    fault = Fault(line)
    runtime = compose(Settings(data=Path(data), port=0), checkpoint=fault)
    fault.heard = runtime.deployer._closing
    runtime.start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_end, args=(runtime,)).start())
    line.send("ready")
    does = {"deploy": _deploy, "settle": _settle}
    with suppress(EOFError):
        while True:
            what, *words = line.recv()
            line.send(does[what](runtime, fault, *words))
    runtime.close()


def _end(runtime: Runtime) -> None:
    """As `forge serve` does when it is told to stop."""
    runtime.close()
    os._exit(0)


def _deploy(runtime: Runtime, fault: Fault, project: str, tag: str, where: tuple[str, str]) -> str:
    fault.set(*where)
    asked = runtime.requests.deploy(project, "dev", tag=tag, actor="test")
    deploys = runtime.store.deploys
    _until(fault, lambda: deploys.get(asked.id).status in ENDED and not runtime.deployer.busy(), 120)
    fault.set("", RAISES)
    return deploys.get(asked.id).status.value


def _settle(runtime: Runtime, fault: Fault, project: str, instances: int) -> Seen:
    store, engine, proxy = runtime.store, runtime.adapters.engine("local"), runtime.adapters.proxy("caddy")
    labels = {HOME_LABEL: runtime.home, "forge.project": project}

    def settled() -> bool:
        """What a Forge before this one left over was swept away, too."""
        present = store.instances.present()
        if runtime.deployer.busy() or not all(one.serving for one in present):
            return False
        if [state.status for state in engine.find(labels)] != ["running"] * instances:
            return False
        led = {(route.domain, target) for route in proxy.routes() for target in route.targets}
        return led == {(one.domain, one.target) for one in present}

    _until(fault, settled, _SETTLES)
    return Seen(
        containers=engine.find(labels),
        instances=tuple(store.instances.present(project, "dev")),
        routes=tuple(proxy.routes()),
        networks=tuple(engine.networks({HOME_LABEL: runtime.home})),
    )


def _until(fault: Fault, holds: Callable[[], bool], seconds: float) -> None:
    """Wait, but not longer; for ever in a Forge that was told to end."""
    end = time.monotonic() + seconds
    while not fault.heard.is_set():
        with suppress(ForgeError):  # a part is away
            if holds():
                return
        if time.monotonic() > end:
            return
        time.sleep(0.02)
    threading.Event().wait()
