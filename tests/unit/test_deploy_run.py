"""What the steps of a deploy share: saying, waiting, hearing that they are not wanted any more."""

import pytest

from forge.deploy.queue import Queue
from forge.deploy.run import Cancelled, Interrupted, Run
from forge.domain.instance import Instance
from forge.domain.route import Target
from forge.ports import LayerProgress
from tests.unit.watching import World

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.shop()
    yield made
    made.store.database.close()


class Hours:
    """Monotonic seconds that pass while somebody waits; `at` → what happens then."""

    def __init__(self):
        self.now, self.at, self.set = 0.0, {}, False

    def is_set(self):
        return self.set

    def wait(self, seconds):
        self.now += seconds
        for when in [w for w in self.at if w <= self.now]:
            self.at.pop(when)()
        return self.set


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def run(world, hours):
    store = world.store
    with store.database.change() as change:
        project, stage = store.projects.get("shop"), store.projects.stage("shop", "dev")
        queued = Queue(store).add(change, stage, project, tag="v1", digest=DIGEST, actor="ann")
        deploy = store.deploys.begin(change, queued)
    world.events.clear()
    return Run(
        deploy=deploy, project=project, stage=stage, secrets={}, home="h0me", store=store, engine=None, engines=None,
        registry=None, proxy=None, closing=hours, monotonic=lambda: hours.now, new_id=lambda: "a1b2c3",
    )  # fmt: skip


def cancel(world, run):
    with world.store.database.change() as change:
        world.store.deploys.ask_cancel(change, run.deploy.id)


def test_a_wait_takes_its_time_and_not_more(run, hours):
    run.wait(10)
    assert hours.now == pytest.approx(10)
    run.wait(0)
    assert hours.now == pytest.approx(10)


def test_a_wait_hears_of_a_cancel_within_a_quarter_of_a_second(world, run, hours):
    hours.at[3.0] = lambda: cancel(world, run)
    with pytest.raises(Cancelled):
        run.wait(60)
    assert 3 <= hours.now <= 3.5


def test_a_wait_ends_when_forge_closes(run, hours):
    def close():
        hours.set = True

    hours.at[1.0] = close
    with pytest.raises(Interrupted):
        run.wait(60)
    assert hours.now <= 1.5


def test_closing_comes_before_cancelling_so_that_the_next_start_hears_of_it(world, run, hours):
    cancel(world, run)
    assert run.cancelled()
    hours.set = True
    with pytest.raises(Interrupted):
        run.check()


def test_what_is_kept_does_not_take_back_that_cancelling_was_asked_for(world, run):
    cancel(world, run)
    run.keep(digest="sha256:" + "b" * 64)
    assert world.store.deploys.get(run.deploy.id).cancel_asked
    assert world.store.deploys.get(run.deploy.id).digest.endswith("b")


def test_progress_is_told_a_few_times_a_second_and_not_kept(world, run, hours):
    for number in range(100):
        hours.now += 0.01
        run.progress(LayerProgress(id="one", status="pulling", current=number, total=100))
    told = [e for e in world.events if e.type == "deploy_progress"]
    assert 2 <= len(told) <= 5
    assert {e.id for e in told} == {0}
    assert run.tell_layers() == 1
    assert world.events[-1].payload["layers"][0]["current"] == 99


def test_every_probe_is_shown_and_the_newest_200_are_kept(world, run):
    """Pitfall 6."""
    for number in range(250):
        run.probed(f"refused {number}", None)
    assert len(run.probes) == 200
    assert run.probes[0]["text"] == "refused 50"
    told = [e.payload for e in world.events if e.type == "deploy_log"]
    assert [(p["level"], p["text"], p["healthy"]) for p in told[-1:]] == [("probe", "refused 249", None)]
    assert len(told) == 250


def test_a_line_is_on_the_deploys_own_topic(world, run):
    run.say("hello", "warning")
    (event,) = world.events
    assert (event.topic, event.payload["level"], event.project) == (f"deploy:{run.deploy.id}", "warning", "shop")


def test_without_a_proxy_there_is_no_route_and_nothing_is_replaced(run):
    routed = Instance(
        id="a1b2c3", project="shop", stage="dev", deploy=1, tag="v1", digest=DIGEST, engine="local", name="n",
        domain="shop.net", target=Target("127.0.0.1", 20000),
    )  # fmt: skip
    assert run.route_to([routed]) is None
    assert run.replaced() == []
