"""A broken image is pushed: it is taken back, the old one serves all the time, and people learn why."""

from __future__ import annotations

import threading
from typing import Self

import pytest

from tests.e2e.conftest import HTTP, stage
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
QUICK = {**HTTP, "timeout": 3}


class Visitor:
    """Somebody who looks all the time."""

    def __init__(self, house, domain: str) -> None:
        self.seen: list[tuple[int, str]] = []
        self._house, self._domain = house, domain
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._leaving.wait(0.03):
            try:
                self.seen.append(self._house.page(self._domain))
            except OSError as error:
                self.seen.append((0, str(error)))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._leaving.set()
        self._thread.join()


BROKEN = [
    ("unhealthy", QUICK, "did not become healthy within 3 s", "error: no database at db:5432"),
    ("crashing", QUICK, "exit code 3", "error: DATABASE_URL is not set"),
    ("failing-healthcheck", {"kind": "auto"}, "HEALTHCHECK says unhealthy", "listening on 8080"),
]


@pytest.mark.parametrize(("kind", "health", "reason", "words"), BROKEN)
def test_a_broken_image_is_taken_back_and_its_last_words_are_kept(house, kind, health, reason, words):
    forge = house.forge
    house.project(kind, health=health)
    images.push(house.registry, kind, "dev-1")
    assert forge.deploy(f"{kind}/dev", "dev-1")["status"] == "succeeded"
    images.push(house.registry, kind, "dev-2", kind=kind.replace("-", "_"))
    with Visitor(house, f"dev-{kind}") as visitor:
        failed = forge.deploy(f"{kind}/dev", "dev-2")
    assert set(visitor.seen) == {(200, "dev-1\n")}
    assert (failed["status"], failed["failed_step"]) == ("failed", "wait until healthy")
    assert reason in failed["failure"]
    assert words in [line["text"] for line in failed["last_words"]["lines"]]
    assert failed["last_words"]["exit_code"] == (3 if kind == "crashing" else None)
    assert failed["last_words"]["probes"]
    assert [instance["tag"] for instance in forge.instances(f"{kind}/dev")] == ["dev-1"]
    check_only_these_run(house, kind, ["dev-1"])
    log = [line["text"] for line in forge.get(f"/api/deploys/{failed['id']}/logs")]
    assert words in log
    assert log[-1] == "Taken back: what served before still serves"


def check_only_these_run(house, project, tags):
    """By the engine's own word."""
    client = house.engine.client()
    try:
        found = client.containers.list(all=True, filters={"label": f"forge.project={project}"})
        assert sorted(c.image.labels["org.opencontainers.image.version"] for c in found) == tags
    finally:
        client.close()


def test_a_first_deploy_that_fails_leaves_nothing(house):
    forge = house.forge
    house.project("stillborn", health=QUICK)
    images.push(house.registry, "stillborn", "dev-1", kind="crashing")
    assert forge.deploy("stillborn/dev", "dev-1")["status"] == "failed"
    assert forge.instances("stillborn/dev") == []
    check_only_these_run(house, "stillborn", [])
    house.leads_nowhere("dev-stillborn")


def test_an_instance_that_runs_out_of_memory_says_so(house):
    forge = house.forge
    house.project("greedy", limits={"memory": 16 << 20}, health=QUICK)
    push_greedy(house, "greedy", "dev-1")
    failed = forge.deploy("greedy/dev", "dev-1")
    assert failed["status"] == "failed"
    assert failed["failure"] == "It ran out of memory: raise the memory limit"
    assert failed["last_words"]["out_of_memory"]
    assert "hungry" in [line["text"] for line in failed["last_words"]["lines"]]


def push_greedy(house, repository, tag):
    """An image that takes more and more memory."""
    name = f"{house.registry.address}/{repository}"
    images.push(house.registry, repository, "base")
    client = house.engine.client()
    try:
        container = client.containers.create(client.images.pull(name, "base").id)
        changes = ['ENTRYPOINT ["/bin/sh", "-c", "echo hungry; sleep 1; x=ab; while :; do x=$x$x; done"]']
        container.commit(name, tag, changes=changes)
        container.remove()
        assert "error" not in client.images.push(name, tag)
    finally:
        client.close()


def test_what_failed_once_is_not_tried_again_by_itself_but_by_a_person(house):
    forge = house.forge
    house.project("bad", health=QUICK)
    images.push(house.registry, "bad", "dev-1", kind="crashing")
    body = {"image": f"{house.registry.address}/bad:dev-1"}
    forge.do("POST", house.hook(), body)
    failed = forge.next_deploy("bad/dev", "dev-1")
    assert failed["status"] == "failed"
    assert "exit code 3" in failed["quarantine"]
    images.retag(house.registry, "bad", "dev-1", "dev-2")  # the same digest by another name
    forge.do("POST", house.hook(), {"image": f"{house.registry.address}/bad:dev-2"})
    until(lambda: forge.get("/api/webhook/receipts")[0]["decision"] == "quarantined", "the second is quarantined")
    forge.do("POST", "/api/registries/parts/poll")
    assert [deploy["id"] for deploy in forge.deploys("bad/dev")] == [failed["id"]]
    again = forge.wait(forge.do("POST", f"/api/deploys/{failed['id']}/retry")["id"])
    assert (again["status"], again["digest"]) == ("failed", failed["digest"])
    told = forge.do("POST", "/api/projects/bad/stages/dev/explain", {"tag": "dev-3", "digest": failed["digest"]})
    assert (told["would"], told["decision"]) == (False, "quarantined")


def test_after_a_failed_deploy_the_next_good_one_goes_live(house):
    forge = house.forge
    house.project("mended", stage("dev"), health=QUICK)
    for tag, kind in (("dev-1", "good"), ("dev-2", "crashing"), ("dev-3", "good")):
        images.push(house.registry, "mended", tag, kind=kind)
    assert [forge.deploy("mended/dev", f"dev-{number}")["status"] for number in (1, 2, 3)] == [
        "succeeded",
        "failed",
        "succeeded",
    ]
    assert house.page("dev-mended")[1] == "dev-3\n"


def test_a_tag_that_is_not_there_is_refused_at_once(house):
    house.project("nothing")
    status, sentence = house.forge.refused("POST", "/api/projects/nothing/stages/dev/deploys", {"tag": "dev-404"})
    assert status in {404, 422}
    assert "nothing" in sentence


def test_no_pull_begins_below_the_floor_of_free_disk(house):
    forge = house.forge
    house.project("full")
    images.push(house.registry, "full", "dev-1")
    house.settings(free_disk=1 << 52)
    try:
        failed = forge.deploy("full/dev", "dev-1")
    finally:
        house.settings()
    assert (failed["status"], failed["failed_step"]) == ("failed", "pull")
    assert "free where images are kept" in failed["failure"]
    assert failed["quarantine"] is None
    assert forge.deploy("full/dev", "dev-1")["status"] == "succeeded"
