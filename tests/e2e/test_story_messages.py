"""Forge ends while messages are queued, being sent, or told and not written down yet: each is told all the same."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest

from tests.e2e.live import until
from tests.parts import images
from tests.small_server import SmallServer, Told

pytestmark = pytest.mark.real
KEY = "a key that both sides know"


def tell(house, name: str, receiver: SmallServer, project: str) -> None:
    more = {"kind": "webhook", "address": receiver.url, "key": KEY, "local": True}
    body = {"name": name, "project": project, "occasions": ["deploy_failed"], **more}
    house.forge.do("POST", "/api/notifications", body)


class Receiver(SmallServer):
    """Keeps its first answer back until `answers` is set."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        super().__init__(self._answer)

    def _answer(self, _: object) -> Told:
        self.answers.wait(30)
        return Told(200)

    def heard(self) -> list[tuple[str, str]]:
        """(id, title) of each delivery, in order."""
        bodies = [json.loads(asked.body) for asked in list(self.asked)]
        return [(body["delivery"], body["title"]) for body in bodies]


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_forge_ends_between_queued_being_sent_and_told_and_each_is_told_all_the_same(house, by):
    forge, project = house.forge, f"ends-by-{by.name.lower()}"
    house.project(project)
    with Receiver() as sending, Receiver() as told:
        for name, receiver in (("sending", sending), ("told", told)):
            tell(house, f"{name}-{by.name.lower()}", receiver, project)
        failed = [fails(house, project, tag) for tag in ("dev-1", "dev-2")]
        until(lambda: sending.asked and told.asked, "the first is being sent")
        for name in ("sending", "told"):
            assert states(forge, f"{name}-{by.name.lower()}") == [("waiting", 0), ("waiting", 1)], "one more is queued"
        os.kill(forge.pid, signal.SIGSTOP)
        told.answers.set()
        time.sleep(0.3)  # its answer is on its way; Forge cannot have read it
        os.kill(forge.pid, by)
        os.kill(forge.pid, signal.SIGCONT)
        until(lambda: not forge.running(), "Forge has ended")
        sending.answers.set()
        forge.start()
        for name in ("sending", "told"):
            until(lambda n=name: settled(forge, f"{n}-{by.name.lower()}") == 2, "all is told", 60)
        for receiver, repeated in ((sending, True), (told, by == signal.SIGKILL)):
            heard = receiver.heard()
            assert [title for _, title in dict.fromkeys(heard)] == failed, "each once, in order"
            assert heard.count(heard[0]) == 2 or not repeated, "once more, with the same id"
        failed.append(fails(house, project, "dev-3"))
        until(lambda: sending.heard()[-1][1] == told.heard()[-1][1] == failed[-1], "the next one, too")


def fails(house, project: str, tag: str) -> str:
    """A tag of an image that crashes; how that is told."""
    images.push(house.registry, project, tag, kind="crashing")
    assert house.forge.deploy(f"{project}/dev", tag)["status"] == "failed"
    return f"{project}/dev: {tag} failed and was taken back"


def states(forge, name: str) -> list[tuple[str, int]]:
    """The newest first."""
    return [(one["status"], one["attempts"]) for one in forge.get(f"/api/notifications/{name}/deliveries")]


def settled(forge, name: str) -> int:
    return [status for status, _ in states(forge, name)].count("sent")
