"""The first start after a restore: what runs is taken up as it is."""

from __future__ import annotations

import pytest

from forge.deploy.restored import is_pending
from forge.domain.deploy import DeployStatus
from forge.domain.errors import Unavailable
from forge.domain.instance import InstanceStatus
from forge.domain.notification import Delivery, DeliveryStatus, Notification, NotificationKind
from forge.domain.secret import Secret
from forge.domain.sighting import Decision
from forge.store import backup
from forge.store.restore import restore
from forge.watch.decide import decide
from forge.watch.facts import Facts
from tests.unit.notifying import notice
from tests.world import World, stage, until

WORDS = Secret("correct horse battery")


class House(World):
    """A Forge with shop/dev at dev-1, whose backups can be put back while the fakes run on."""

    def __init__(self, folder, **more):
        super().__init__(folder / "data", **more)
        self.file = folder / "taken.backup"
        self.project()
        self.push("dev-1")

    def begin(self):
        self.forge.start()
        assert self.deploy("dev-1").ended_well
        return self

    def take(self):
        store = self.forge.store
        backup.take(store.database, store.secrets, self.forge.home, WORDS).rename(self.file)

    def put_back(self):
        """Restore, and start on it; what the engine and the proxy were asked for since then, in words."""
        self.forge.close()
        restore(self.file, self.settings, WORDS)
        self.before = self.containers(), self.proxy.routes()
        self.forge = self.compose()
        self.forge.start()
        until(lambda: not is_pending(self.forge.store), "it is taken up")
        until(lambda: not self.forge.deployer.busy(), "it is idle")

    def containers(self):
        """What runs, and since when: a restart would show."""
        return {state.id: (state.status, state.started) for state in self.engine.find({})}

    def untouched(self):
        return (self.containers(), self.proxy.routes()) == self.before

    def the_instance(self):
        (found,) = self.forge.store.instances.serving("shop", "dev")
        return found


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path).begin()
    yield made
    made.forge.close()


def test_what_the_backup_knows_serves_on_untouched(house):
    house.take()
    before = house.the_instance()
    house.put_back()
    assert house.untouched()
    assert house.the_instance() == before
    house.push("dev-2")
    assert house.deploy("dev-2").ended_well
    assert house.routes() == {"dev-shop.localhost": "dev-2"}


def test_what_went_live_since_the_backup_is_taken_up_with_its_deploy(house):
    house.take()
    house.push("dev-2")
    gone_live = house.deploy("dev-2")
    then = house.the_instance()
    house.put_back()
    assert house.untouched()
    now = house.the_instance()
    assert (now.id, now.container, now.target, now.domain) == (then.id, then.container, then.target, then.domain)
    assert now.digest == then.digest
    made = house.forge.store.deploys.get(gone_live.id)
    assert (made.status, made.instance, made.digest) == (DeployStatus.SUCCEEDED, now.id, now.digest)
    rows = house.forge.store.database.rows("SELECT payload FROM event WHERE topic = ?", (f"deploy:{made.id}",))
    assert any("after the backup was taken" in row["payload"] for row in rows)
    house.push("dev-3")
    newer = house.deploy("dev-3")
    assert newer.ended_well
    assert newer.id == gone_live.id + 1
    assert len(house.containers()) == 1


def test_the_poller_does_not_deploy_again_what_went_live_since(house):
    house.take()
    house.push("dev-2")
    assert house.deploy("dev-2").ended_well
    house.put_back()
    store, digest = house.forge.store, house.the_instance().digest
    place = store.projects.get("shop"), store.projects.stage("shop", "dev")
    assert decide(Facts(store).case(*place, "dev-2", digest, now=house.clock())).decision is Decision.CURRENT


def test_an_older_one_that_is_gone_is_not_missed(house):
    house.take()
    old = house.the_instance()
    house.push("dev-2")
    house.deploy("dev-2")
    house.put_back()
    assert house.forge.store.instances.get(old.id).status is InstanceStatus.REMOVED
    events = house.forge.store.events.of_types(("instance_status",), 0, 500)
    assert "missing" not in [event.payload["status"] for event in events]


def test_while_the_proxy_is_away_nothing_is_decided(house, monkeypatch):
    house.take()
    house.push("dev-2")
    house.deploy("dev-2")
    routes = house.proxy.routes
    house.forge.close()
    restore(house.file, house.settings, WORDS)
    before = house.containers()

    def away():
        raise Unavailable("Caddy does not answer")

    monkeypatch.setattr(house.proxy, "routes", away)
    house.forge = house.compose()
    house.forge.start()
    house.push("dev-3")
    waiting = house.forge.requests.deploy("shop", "dev", tag="dev-3", actor="test")
    for _ in range(3):
        assert house.forge.follower.reconciler.engine("local") is False
        house.forge.follower.reconciler.routes()
    assert house.forge.store.deploys.get(waiting.id).status is DeployStatus.QUEUED
    assert is_pending(house.forge.store)
    assert house.containers() == before
    monkeypatch.setattr(house.proxy, "routes", routes)
    assert house.wait(waiting).ended_well
    assert house.routes() == {"dev-shop.localhost": "dev-3"}


def test_what_was_under_way_and_went_live_since_is_said_to_have(house):
    """Taken while the new one bakes: the route leads there already."""
    house.forge.close()
    taken = []

    def checkpoint(moment):
        if moment == "switch route" and not taken:
            taken.append(moment)
            house.take()

    house.forge = house.compose(checkpoint)
    house.forge.start()
    house.push("dev-2")
    under_way = house.deploy("dev-2")
    assert under_way.ended_well
    house.put_back()
    assert house.untouched()
    assert house.the_instance().id == under_way.instance
    assert house.forge.store.deploys.get(under_way.id).status is DeployStatus.SUCCEEDED


def test_what_was_under_way_and_did_not_go_live_has_failed_and_what_serves_serves(house):
    house.forge.close()
    taken = []

    def checkpoint(moment):
        if moment == "create" and not taken:
            taken.append(moment)
            house.take()
            raise Unavailable("The engine went away")

    house.forge = house.compose(checkpoint)
    house.forge.start()
    old = house.the_instance()
    house.push("dev-2")
    under_way = house.deploy("dev-2")
    house.put_back()
    assert house.untouched()
    assert house.the_instance().id == old.id
    failed = house.forge.store.deploys.get(under_way.id)
    assert (failed.status, failed.failure) == (
        DeployStatus.FAILED,
        "It was under way when the backup was taken that was restored, and did not go live",
    )


def test_what_waited_in_the_backup_is_ended_and_said(house):
    house.forge.close()
    house.forge = house.compose()  # not started: nothing is deployed
    house.push("dev-2")
    queued = house.forge.requests.deploy("shop", "dev", tag="dev-2", actor="ada")
    house.take()
    house.put_back()
    found = house.forge.store.deploys.get(queued.id)
    assert found.status is DeployStatus.CANCELLED
    assert "ask for it again" in found.failure
    assert house.untouched()


def test_messages_that_waited_in_the_backup_are_not_sent_again(house):
    store = house.forge.store
    with store.database.change() as change:
        store.notifications.put(change, Notification(name="ops", kind=NotificationKind.WEBHOOK), "ada")
        wanted = Delivery(
            id=0, notification="ops", key="k", event=1, notice=notice(), attempts=0, status=DeliveryStatus.WAITING,
            created=0, due=house.clock() + 3600,
        )  # fmt: skip
        store.deliveries.add(change, wanted)
    house.take()
    house.put_back()
    rows = house.forge.store.database.rows("SELECT status, answer FROM delivery")
    assert [row["status"] for row in rows] == ["dropped"]
    assert "restored" in rows[0]["answer"]


def test_a_container_of_a_project_that_the_backup_does_not_know_is_left_alone(house):
    house.take()
    house.project("later")
    house.push("dev-1", "later")
    assert house.deploy("dev-1", project="later").ended_well
    house.put_back()
    assert set(house.containers()) == set(house.before[0])
    assert [project.name for project in house.forge.store.projects.all()] == ["shop"]


def test_an_instance_that_a_person_stopped_stays_stopped(house):
    container = house.the_instance().container
    house.forge.instances.stop(house.the_instance().id, actor="ada")
    house.take()
    house.put_back()
    assert house.engine.inspect(container).status == "exited"
    assert house.untouched()


@pytest.mark.parametrize("tag", ["dev-1", "dev-2"])
def test_without_a_proxy_what_runs_in_its_place_serves(house, tag):
    house.project("plain", stage("plain", "dev"), proxy="published")
    for pushed in ("dev-1", "dev-2"):
        house.push(pushed, "plain")
    house.deploy("dev-1", project="plain")
    house.take()
    if tag == "dev-2":
        house.deploy("dev-2", project="plain")
    (then,) = house.forge.store.instances.serving("plain", "dev")
    house.put_back()
    (now,) = house.forge.store.instances.serving("plain", "dev")
    assert (now.id, now.container, now.target) == (then.id, then.container, then.target)
    assert house.untouched()


def test_a_second_start_settles_nothing_again(house):
    house.take()
    house.put_back()
    house.forge.close()
    house.forge = house.compose()
    house.push("dev-2")
    queued = house.forge.requests.deploy("shop", "dev", tag="dev-2", actor="ada")
    house.restart()
    assert house.wait(house.forge.store.deploys.get(queued.id)).ended_well
