"""Who may, as people live it: the link on the terminal, an admin, a deployer of one project, a token for CI."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.canaries.kinds import canary
from tests.e2e.conftest import House, stage
from tests.e2e.forge_process import ROOT, Answer, ForgeProcess
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
ADA, DORA = canary("ada-"), canary("dora-")


class OnTerminal(ForgeProcess):
    """A Forge that somebody started in a terminal; `log` has what stands there."""

    says_to = "terminal"

    def launch(self) -> None:
        self.watch.begins(self.log, self.environment)
        ours, its = os.openpty()
        self._process = subprocess.Popen(self.command(), cwd=ROOT, env=self.environment, stderr=its)
        os.close(its)
        threading.Thread(target=self._copy, args=(ours,), daemon=True).start()

    def _copy(self, terminal: int) -> None:
        with self.log.open("ab", buffering=0) as log, suppress(OSError):  # the terminal's end is an error on Linux
            while said := os.read(terminal, 4096):
                log.write(said)
        os.close(terminal)


@pytest.fixture
def house(tmp_path: Path, engine_part, registry_part, caddy_part) -> Iterator[House]:
    caddy_part.reset()
    forge = OnTerminal(tmp_path / "data", FORGE_ENGINE=engine_part.url)
    forge.start()
    yield House(forge, engine_part, registry_part, caddy_part)
    assert (forge.stop()[0], forge.faults()) == (0, [])
    engine_part.clear()
    caddy_part.reset()


def form(forge: ForgeProcess, path: str, **fields: str) -> str:
    """Send a page's form; the cookie that it gets."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": forge.url}
    answer = forge.ask("POST", path, headers=sent, data=urlencode(fields).encode())
    assert (answer.status, answer.headers["location"]) == (303, "/"), answer
    return answer.headers["set-cookie"].partition(";")[0]


def asking(forge: ForgeProcess, **headers: str):
    """Ask as somebody."""

    def ask(method: str, path: str, body: Any = None) -> Answer:
        return forge.ask(method, path, body, headers={"Origin": forge.url, **headers})

    return ask


def set_up(forge: ForgeProcess):
    """Ada, by the link on the terminal."""
    until(lambda: "/setup?token=" in forge.log.read_text("utf-8"), "the link is on the terminal")
    (link,) = re.findall(r"http://\S+(/setup\?token=[\w-]+)", forge.log.read_text("utf-8"))
    assert forge.ask("GET", link, headers={}).status == 200
    token = link.partition("=")[2]
    ada = asking(forge, Cookie=form(forge, "/setup", token=token, name="ada", password=ADA, again=ADA))
    assert ada("POST", "/api/setup", {"token": token, "name": "eve", "password": ADA}).status == 409
    return ada


def deploys_its_stage_only(house: House, program) -> None:
    queued = program("POST", "/api/projects/mine/stages/dev/deploys", {"tag": "dev-1"})
    assert queued.status == 202
    assert house.forge.wait(queued.json["id"])["status"] == "succeeded"
    assert house.page("dev-mine") == (200, "dev-1\n")
    for place, status in (("theirs/stages/dev", 404), ("mine/stages/rel", 403)):
        assert program("POST", f"/api/projects/{place}/deploys", {"tag": "dev-1"}).status == status


def test_from_the_link_on_the_terminal_to_a_token_that_is_over(house: House):
    forge = house.forge
    ada = set_up(forge)
    house.furnish()
    for name in ("mine", "theirs"):
        house.project(name, stage("dev"), stage("rel"))
        images.push(house.registry, name, "dev-1")
    made = {"name": "dora", "role": "deployer", "projects": ["mine"], "password": DORA}
    assert ada("POST", "/api/people", made).status == 201

    cookie = form(forge, "/sign-in", name="dora", password=DORA)
    dora = asking(forge, Cookie=cookie)
    assert [one["name"] for one in dora("GET", "/api/projects").json] == ["mine"]
    token = dora("POST", "/api/tokens", {"name": "ci", "project": "mine", "stage": "dev"}).json["secret"]
    program = asking(forge, Authorization=f"Bearer {token}")
    deploys_its_stage_only(house, program)

    with closing(http.client.HTTPConnection("127.0.0.1", forge.port, timeout=10)) as stream:
        stream.request("GET", "/api/events", headers={"Cookie": cookie})
        followed = stream.getresponse()
        assert b"hello" in followed.readline()
        assert ada("DELETE", "/api/people/dora").status == 204
        assert b"ping" not in followed.read()  # it ends by itself, before the next beat
    assert [ask("GET", "/api/projects/mine").status for ask in (dora, program)] == [401, 401]

    happened = ada("GET", "/api/activity?limit=200").json
    assert {"person_changed", "signed_in", "token_changed"} <= {event["type"] for event in happened}
