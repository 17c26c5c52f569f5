"""One poll of 500 images in 50 repositories: what is asked of the registry, and how long it takes."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import requests

from forge.domain.connection import RegistryConnection
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.registries.manifests import ACCEPT
from forge.runtime import Runtime
from tests.bench.house import composed
from tests.bench.table import Figure, Result, median, table
from tests.parts.parts import Parts
from tests.push import Pusher
from tests.stub_registry import DIGEST, StubRegistry
from tests.stub_server import Seen, Sent

REPOSITORIES, TAGS = 50, 10
IMAGES = REPOSITORIES * TAGS
ROUNDS = 5
REGISTRY = "watched"


def run() -> Result:
    """Requests are counted by a scripted registry that wants tokens; times are of a real one."""
    return Result(name="poll", figures=(*_counted(), *_timed()))


def _counted() -> tuple[Figure, ...]:
    """What the first poll of all asks, and what one asks when nothing has changed."""
    with StubRegistry("bearer") as stub, tempfile.TemporaryDirectory() as folder:
        stub.override = _tags
        names = [(f"org/shop{number}", f"dev-{tag}") for number in range(REPOSITORIES) for tag in range(TAGS)]
        stub.digests = dict.fromkeys(names, DIGEST)
        with composed(Path(folder) / "data") as runtime:
            _watch(runtime, stub.stub.url)
            runtime.poller.poll_now(REGISTRY)
            first = _kinds(stub)
            stub.stub.seen.clear()
            report = runtime.poller.poll_now(REGISTRY)
            again = _kinds(stub)
    assert (report.heads, report.tags, report.troubles) == (IMAGES, IMAGES, {}), report
    return (
        Figure(name="HEADs for each image, first poll", value=first["HEAD"] / IMAGES, most=1),
        Figure(name="HEADs for each image, later", value=again["HEAD"] / IMAGES, most=1),
        Figure(name="GETs of manifests and blobs", value=first["GET"] + again["GET"], most=0),
        Figure(name="tokens for each repository", value=(first["token"] + again["token"]) / REPOSITORIES, most=1),
        Figure(name="lists of tags for each repository", value=again["tags"] / REPOSITORIES),
        Figure(name="refused with 401, both polls", value=first["401"] + again["401"]),
    )


def _tags(seen: Seen) -> Sent | None:
    """The list of tags, to who has a token for it."""
    authorized = "Bearer t0ken-" in (seen.header("Authorization") or "")
    if not (seen.path.endswith("/tags/list") and authorized):
        return None
    return Sent(body=('{"tags": [' + ", ".join(f'"dev-{tag}"' for tag in range(TAGS)) + "]}").encode())


def _kinds(stub: StubRegistry) -> Counter[str]:
    """Requests by what they were for."""
    found: Counter[str] = Counter()
    for seen in stub.stub.seen:
        if seen.path == stub.realm_path:
            found["token"] += 1
        elif seen.header("Authorization") is None:
            found["401"] += 1
        elif seen.path.endswith("/tags/list"):
            found["tags"] += 1
        else:
            found[seen.method] += 1
    return found


def _timed() -> tuple[Figure, ...]:
    """Seconds of a poll in which nothing has changed, beside a GET for each image, one after the other."""
    with Parts() as parts, tempfile.TemporaryDirectory() as folder:
        with Pusher(parts.registry.url) as pusher:
            for number in range(REPOSITORIES):
                pusher.push(f"org/shop{number}", "dev-0", also=[f"dev-{tag}" for tag in range(1, TAGS)])
        with composed(Path(folder) / "data") as runtime:
            _watch(runtime, parts.registry.url)
            first = _seconds(lambda: runtime.poller.poll_now(REGISTRY))
            forge, naive = [], []
            for _ in range(ROUNDS):
                forge.append(_seconds(lambda: runtime.poller.poll_now(REGISTRY)))
                naive.append(_seconds(lambda: _naively(parts.registry.url)))
    return (
        Figure(
            name="a poll, nothing new", value=median(forge), unit="s",
            baseline=median(naive), beside="a GET for each image",
        ),
        Figure(name="the first poll", value=first, unit="s"),
    )  # fmt: skip


def _watch(runtime: Runtime, url: str) -> None:
    """A project for each repository, whose stage takes all its tags and deploys none."""
    connection = RegistryConnection(name=REGISTRY, url=url, interval=0)
    with runtime.store.database.change() as change:
        runtime.store.connections.put(change, connection, "bench")
    for number in range(REPOSITORIES):
        name = f"shop{number}"
        project = Project(name=name, image=f"{connection.host}/org/{name}", port=8080)
        runtime.projects.create(project, {}, [(Stage(project=name, name="dev", auto_deploy=False), {})], actor="bench")


def _naively(url: str) -> None:
    with requests.Session() as session:
        for number in range(REPOSITORIES):
            for tag in range(TAGS):
                address = f"{url}/v2/org/shop{number}/manifests/dev-{tag}"
                session.get(address, headers={"Accept": ACCEPT}, timeout=10).raise_for_status()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(table([run()]))
