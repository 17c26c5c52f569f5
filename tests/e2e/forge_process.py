"""Forge as people run it, `forge serve` in a process of its own, and what a script does with it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.canaries.watch import Watch
from tests.e2e.live import Live, until

ROOT = Path(__file__).parents[2]
ENDED = {"succeeded", "failed", "stuck", "cancelled", "superseded"}
Run = subprocess.CompletedProcess[str]
_UNWANTED = ("FORGE_", "DOCKER_HOST", "DOCKER_CONTEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What HTTP answered; header names in lower case; `json` None where the body is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if "json" in self.headers.get("content-type", "") else None


class ForgeProcess:
    """`start` runs it on `data` with FORGE_… `settings`; `url` and `token` are read from the data folder.

    `environment` is what it is started with, `identity` as whom: `user`, `group` and `extra_groups`, ours if not said.
    `watch` hears all of it: whoever runs a Forge by this finds out at its end whether a secret leaked.
    """

    says_to = "log"  # or `terminal`, where a person sees it

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        self.url = self.token = ""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_UNWANTED)}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), **settings}
        self.identity: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.watch = Watch(data, self.running, log=self.says_to)

    # ---- the process

    def start(self) -> float:
        """Start it; the seconds until it answered."""
        began = time.monotonic()
        self.launch()
        until(self._is_there, f"Forge answers ({self.log})")
        return time.monotonic() - began

    def launch(self) -> None:
        """Start it, and do not wait."""
        self.watch.begins(self.log, self.environment)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=ROOT, env=self.environment, stdout=log, stderr=log, **self.identity
            )

    def command(self) -> list[str]:
        """What a person types."""
        return [*self.program(), "serve", "--port", "0", "--data", str(self.data)]

    def again(self, **settings: str) -> tuple[int, str]:
        """Run the same command beside, with other settings too, until it ends; its exit code and what it said."""
        run = self._run(self.command(), settings)
        return run.returncode, run.stdout + run.stderr

    def type(self, *words: str, data: Path | None = None, **variables: str) -> Run:
        """Run `forge WORDS` as a person types it, on its own folder if none is said; `variables` are exported."""
        return self._run([*self.program(), "--data", str(data or self.data), *words], variables, words[0])

    def program(self) -> list[str]:
        """What is typed for `forge`."""
        return [sys.executable, "-m", "forge"]

    def _run(self, command: list[str], variables: dict[str, str], what: str = "serve") -> Run:
        self.watch.uses(variables)
        run = subprocess.run(
            command, cwd=ROOT, env={**self.environment, **variables}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False, **self.identity,
        )  # fmt: skip
        self.watch.hears(f"output of {what}", run.stdout + run.stderr)
        return run

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> tuple[int, float]:
        """SIGTERM; its exit code, and the seconds until it was gone."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """End it and start it again on the same folder."""
        assert self.stop()[0] == 0
        self.start()

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def sockets(self) -> set[str]:
        """The kernel's numbers of the sockets that it has open."""
        names = set()
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(OSError):  # closed since it was listed
                names.add(str(descriptor.readlink()))
        return {name[8:-1] for name in names if name.startswith("socket:[")}

    def faults(self) -> list[str]:
        """Lines of its log that nobody should find there."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if "Traceback" in line or "nternal error" in line]

    def _end(self, number: int) -> tuple[int, float]:
        assert self._process is not None
        self.watch.sees(self.pid)
        began = time.monotonic()
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGUSR1)  # the log says then what holds it up
        code = self._process.wait(30)
        if code not in {0, -number}:
            print(f"{self.log} ends with:\n{self.tail()}")
        took = time.monotonic() - began
        self.watch.looks()
        return code, took

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-8000:]

    def _is_there(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text("utf-8")[-2000:]
        try:
            self.url = (self.data / "address").read_text("utf-8")
            self.token = (self.data / "token").read_text("utf-8")
            if self.token:
                self.watch.learn("launch token", self.token)
            return bool(self.url) and self.ask("GET", "/api/health").status == 200
        except OSError:
            return False

    # ---- HTTP

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """One request on a fresh connection, with the launch token unless `headers` are given."""
        sent = {"Authorization": f"Bearer {self.token}"} if headers is None else dict(headers)
        if body is not None:
            data, sent = json.dumps(body).encode(), {"Content-Type": "application/json", **sent}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            self.watch.asked(path, sent, data)
            connection.request(method, path, body=data, headers=sent)
            answer = connection.getresponse()
            body = answer.read()
        self.watch.answered(method, path, answer.getheaders(), body)
        self.watch.sees(self.pid)
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=found, body=body)

    def get(self, path: str) -> Any:
        """The JSON that is there."""
        answer = self.ask("GET", path, headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"})
        assert answer.status == 200, (path, answer)
        return answer.json

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something that must go well."""
        answer = self.ask(method, path, body)
        assert 200 <= answer.status < 300, (method, path, answer.status, answer.body)
        return answer.json

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Ask for something that must not be done: the status and the sentence."""
        answer = self.ask(method, path, body)
        assert answer.status >= 400, (method, path, answer)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status, answer.json["detail"]

    def live(self, path: str = "/api/events", last: str | None = None) -> Live:
        """Follow a stream; use it as a context."""
        return Live(self.port, path, self.token, last, hears=self.watch.hears)

    # ---- deploys

    def wait(self, deploy: int, *, patience: float = 60) -> Any:
        """The deploy when it has ended."""
        where = f"/api/deploys/{deploy}"
        until(lambda: self.get(where)["status"] in ENDED, f"deploy #{deploy} has ended", patience)
        return self.get(where)

    def deploy(self, stage: str, tag: str) -> Any:
        """Deploy `tag` to `project/stage` and wait for the end."""
        return self.wait(self.do("POST", f"{place(stage)}/deploys", {"tag": tag})["id"])

    def deploys(self, stage: str) -> list[Any]:
        """The deploys of `project/stage`, the newest first."""
        project, name = stage.split("/")
        found: list[Any] = self.get(f"/api/deploys?project={project}&stage={name}")
        return found

    def next_deploy(self, stage: str, tag: str, *, patience: float = 30) -> Any:
        """The deploy of `tag` that comes by itself, when it has ended."""

        def found() -> list[Any]:
            return [deploy for deploy in self.deploys(stage) if deploy["tag"] == tag]

        until(lambda: bool(found()), f"{tag} is deployed to {stage}", patience)
        return self.wait(found()[0]["id"])

    def instances(self, stage: str) -> list[Any]:
        """What is there of `project/stage`, the newest first."""
        found: list[Any] = self.get(f"{place(stage)}/instances")
        return found

    def serving(self, stage: str) -> list[str]:
        """The tags that serve `project/stage`."""
        return [instance["tag"] for instance in self.instances(stage) if instance["serving"]]

    def the_instance(self, stage: str) -> Any:
        """The one that serves."""
        (found,) = [instance for instance in self.instances(stage) if instance["serving"]]
        return found


def place(stage: str) -> str:
    """The path of `project/stage`."""
    project, name = stage.split("/")
    return f"/api/projects/{project}/stages/{name}"
