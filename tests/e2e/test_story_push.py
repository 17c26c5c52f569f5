"""A tag is pushed, and people watch it go live."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images
from tests.parts.registry import Registry

pytestmark = pytest.mark.real

STEPS = [
    "resolve digest",
    "pull",
    "note what serves",
    "prepare the route",
    "create",
    "pre-deploy",
    "start",
    "wait until healthy",
    "switch route",
    "confirm through the route",
    "bake",
    "drain and stop the old",
    "go live",
]


@pytest.fixture
def telling(house, tmp_path):
    """A registry that notifies Forge of every push, by itself, and is not polled."""
    registry = Registry(tmp_path / "telling", notify=house.forge.url + house.hook())
    registry.start()
    name = "telling-" + registry.address.rpartition(":")[2]
    house.forge.do("POST", "/api/registries", {"name": name, "url": registry.url, "interval": 0})
    yield registry
    registry.stop()


def test_a_pushed_tag_goes_live_and_every_step_is_streamed(house, telling):
    forge = house.forge
    house.project("shop", image=f"{telling.address}/shop")
    with forge.live() as board:
        board.wait(lambda frame: frame.type == "hello", "hello")
        digest = images.push(telling, "shop", "dev-1")
        board.wait_deploy("succeeded", "dev-1")
        number = board.of("deploy_status")[0]["id"]
        with forge.live(f"/api/deploys/{number}/logs") as log:
            log.wait(lambda frame: frame.type == "deploy_log" and "prune" in frame.payload["text"], "the log's end")
            check_log(forge, number, log)
        check_board(board, digest)
    assert house.page("dev-shop") == (200, "dev-1\n")
    assert forge.serving("shop/dev") == ["dev-1"]
    receipts = [(receipt["vendor"], receipt["decision"]) for receipt in forge.get("/api/webhook/receipts")]
    assert receipts.count(("distribution", "deploy")) == 1


@pytest.mark.parametrize("tag_of", [lambda _: "dev-same", "dev-{}".format], ids=["one tag again", "new tags"])
def test_forty_pushes_in_a_row_are_all_decided_by_what_the_registry_tells(house, telling, tag_of):
    """The registry tells of a push before its tag can be read: Forge asks again until it is what was announced."""
    forge, turns = house.forge, range(40)
    name = "row-same" if tag_of(0) == tag_of(1) else "row-new"
    house.project(name, stage("dev", update={"mode": "ask"}), image=f"{telling.address}/{name}")
    pushed = [images.push(telling, name, tag_of(n), created=1_700_000_000 + n) for n in turns]
    path = f"/api/sightings?project={name}&limit=200"
    until(lambda: pushed[-1] in {seen["digest"] for seen in forge.get(path)}, "the last one is seen")
    until(lambda: len(told_of(forge, name)) == 40 and "looking" not in told_of(forge, name), "all are settled")
    seen = {each["digest"]: each for each in forge.get(path)}
    assert {each["source"] for each in seen.values()} == {"webhook"}
    decided = told_of(forge, name)
    if name == "row-new":
        assert (seen.keys(), decided) == (set(pushed), ["waiting"] * 40)
    else:  # one that was pushed over before anybody could look is nowhere any more
        assert set(decided) <= {"waiting", "known"}
        assert forge.get(path)[0]["digest"] == pushed[-1]


def test_a_first_push_of_an_unknown_image_always_makes_its_project(house, telling):
    forge, names = house.forge, [f"fresh-{number}" for number in range(25)]
    for name in names:
        images.push(telling, name, "v1.0.0")
    until(lambda: set(names) <= {each["name"] for each in forge.get("/api/projects")}, "each has its project")
    until(lambda: all(told_of(forge, name) == ["waiting"] for name in names), "and each receipt says so")


def told_of(forge, name):
    """What was decided by the receipts that name an image."""
    found = forge.get("/api/webhook/receipts?limit=200")
    return [each["decision"] for each in found if each["images"] and f"/{name}:" in each["images"][0]]


def check_board(board, digest):
    """What somebody saw who only looked at the board."""
    assert [deploy["status"] for deploy in board.of("deploy_status")] == ["queued", "running", *["running"] * (
        len(board.of("deploy_status")) - 3
    ), "succeeded"]  # fmt: skip
    steps = [(step["name"], step["status"]) for step in board.of("deploy_step")]
    assert steps == [(name, status) for name in STEPS for status in ("running", "done")]
    (sighting,) = board.of("sighting")
    assert (sighting["decision"], sighting["digest"], sighting["source"]) == ("deploy", digest, "webhook")
    statuses = [instance["status"] for instance in board.of("instance_status")]
    assert statuses[0] == "starting"
    assert statuses[-1] == "running"
    numbers = [int(number) for number, _, _ in board.kept()]
    assert numbers == sorted(set(numbers))


def check_log(forge, number, log):
    """The stream of one deploy's log holds what the JSON of it holds, in the same order."""
    lines = [line["text"] for line in forge.get(f"/api/deploys/{number}/logs")]
    assert [line["text"] for line in log.of("deploy_log")] == lines
    order = [next(i for i, line in enumerate(lines) if line.startswith(f"{name}: ")) for name in STEPS]
    assert order == sorted(order)


def test_a_pull_is_seen_layer_by_layer(house):
    forge = house.forge
    house.project("large")
    images.push(house.registry, "large", "dev-1", filler=30_000_000)
    queued = forge.do("POST", "/api/projects/large/stages/dev/deploys", {"tag": "dev-1"})
    with forge.live(f"/api/deploys/{queued['id']}/logs") as log:
        log.wait_deploy("succeeded", "dev-1")
        layers = [{layer["id"]: layer for layer in told["layers"]} for told in log.of("deploy_progress")]
    assert len(layers) >= 2
    assert {layer["status"] for layer in layers[-1].values()} <= {"done", "exists"}
    assert max(layer["total"] for told in layers for layer in told.values()) > 29_000_000


def test_a_reader_that_comes_back_gets_exactly_what_it_missed(house):
    forge = house.forge
    house.project("again")
    with forge.live() as whole:
        whole.wait(lambda frame: frame.type == "hello", "hello")
        for number in (1, 2):
            images.push(house.registry, "again", f"dev-{number}")
            assert forge.deploy("again/dev", f"dev-{number}")["status"] == "succeeded"
        whole.wait_deploy("succeeded", "dev-2")
        until(lambda: [i["status"] for i in whole.of("instance_status")].count("removed") == 1, "dev-1 is pruned")
        seen = whole.kept()
    check_replay(forge, seen)
    forge.restart()
    check_replay(forge, seen)


def check_replay(forge, seen):
    """From anywhere in the past: what came after it, each once, as it was told then."""
    for place in (0, len(seen) // 2, len(seen) - 2):
        with forge.live(last=seen[place][0]) as late:
            missed = seen[place + 1 :]
            until(lambda late=late, missed=missed: len(late.kept()) >= len(missed), "what was missed is told")
            assert late.kept()[: len(missed)] == missed
            assert late.frames[0].type == "hello"
            assert late.of("resync") == []


def test_a_place_that_nobody_knows_is_told_to_load_anew(house):
    with house.forge.live(last="999999999") as lost:
        lost.wait(lambda frame: frame.type == "resync", "resync")
        assert lost.of("hello")[0]["reset"] == ["state"]


def test_a_deploys_log_goes_on_where_it_broke_off(house):
    forge = house.forge
    house.project("broken-off")
    images.push(house.registry, "broken-off", "dev-1")
    path = f"/api/deploys/{forge.deploy('broken-off/dev', 'dev-1')['id']}/logs"
    with forge.live(path) as log:
        log.wait(lambda frame: frame.type == "deploy_log" and "prune" in frame.payload["text"], "the log's end")
        seen = log.kept()
    with forge.live(path, last=seen[4][0]) as rest:
        until(lambda: len(rest.kept()) >= len(seen) - 5, "the rest")
        assert rest.kept() == seen[5:]


def test_stages_of_several_projects_deploy_at_the_same_time(house):
    forge = house.forge
    for name in ("one", "two"):
        house.project(name, port=8080)
        images.push(house.registry, name, "dev-1", kind="slow", env={"START_AFTER": "1.5"})
    with forge.live() as board, ThreadPoolExecutor(2) as people:
        board.wait(lambda frame: frame.type == "hello", "hello")
        done = list(people.map(lambda name: forge.deploy(f"{name}/dev", "dev-1"), ("one", "two")))
        assert [deploy["status"] for deploy in done] == ["succeeded"] * 2
    assert max(deploy["started"] for deploy in done) < min(deploy["ended"] for deploy in done)


def test_deploys_of_one_stage_run_one_after_another_and_the_newest_wins(house):
    forge = house.forge
    house.project("queue")
    for number in range(1, 5):
        kind, env = ("slow", {"START_AFTER": "1"}) if number == 1 else ("good", None)
        images.push(house.registry, "queue", f"dev-{number}", kind=kind, env=env)
    path = "/api/projects/queue/stages/dev/deploys"
    numbers = [forge.do("POST", path, {"tag": "dev-1"})["id"]]
    until(lambda: forge.get(f"/api/deploys/{numbers[0]}")["status"] == "running", "the first has begun")
    numbers += [forge.do("POST", path, {"tag": f"dev-{number}"})["id"] for number in range(2, 5)]
    done = [forge.wait(number) for number in numbers]
    assert [deploy["status"] for deploy in done] == ["succeeded", "superseded", "superseded", "succeeded"]
    assert done[0]["ended"] <= done[3]["started"]
    assert house.page("dev-queue") == (200, "dev-4\n")


def test_a_queued_and_a_running_deploy_can_be_cancelled(house):
    forge = house.forge
    house.project("cancel", stage("dev"))
    images.push(house.registry, "cancel", "dev-1")
    images.push(house.registry, "cancel", "dev-2", kind="slow", env={"START_AFTER": "10"})
    assert forge.deploy("cancel/dev", "dev-1")["status"] == "succeeded"
    path = "/api/projects/cancel/stages/dev/deploys"
    running, queued = (forge.do("POST", path, {"tag": tag})["id"] for tag in ("dev-2", "dev-1"))
    until(lambda: "wait until healthy" in steps_of(forge, running), "it waits")
    for number in (queued, running):
        forge.do("POST", f"/api/deploys/{number}/cancel")
    assert [forge.wait(number)["status"] for number in (queued, running)] == ["cancelled"] * 2
    assert house.page("dev-cancel") == (200, "dev-1\n")
    assert [instance["tag"] for instance in forge.instances("cancel/dev")] == ["dev-1"]


def steps_of(forge, number):
    return [step["name"] for step in forge.get(f"/api/deploys/{number}")["steps"]]
