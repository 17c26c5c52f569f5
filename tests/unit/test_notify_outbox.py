"""From what happened to what is to be sent: each event once, no subject floods anybody."""

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.events import Event
from forge.domain.instance import InstanceStatus
from forge.domain.notification import DeliveryStatus, NotificationKind, Occasion
from forge.notify.notices import SETTLE
from forge.notify.outbox import MOST_WAITING, Outbox
from tests.unit.notifying import GOOD, House
from tests.unit.storing import NOON


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def fill(house, outbox=None):
    outbox = outbox or Outbox(house.store)
    while outbox.fill():
        pass
    return house.sent()


def send_all(house, name="ops"):
    for one in house.store.deliveries.page(name):
        if one.status is DeliveryStatus.WAITING:
            with house.store.database.change() as change:
                begun = house.store.deliveries.begin(change, one, 0)
                house.store.deliveries.settle(change, begun, GOOD, again=None)


def test_each_event_is_told_once_whoever_looks(house):
    house.tell()
    house.deploy()
    assert fill(house) == ["shop/dev: v1 failed and was taken back"]
    assert len(fill(house)) == 1  # another Forge on the same folder
    house.deploy(DeployStatus.SUCCEEDED)
    assert fill(house)[1:] == ["shop/dev: v1 is live"]


def test_what_was_before_somebody_was_there_is_not_told(house):
    outbox = Outbox(house.store)
    house.deploy()
    fill(house, outbox)
    house.tell()
    assert fill(house, outbox) == []
    house.deploy()
    assert len(fill(house, outbox)) == 1


def test_a_kill_before_the_commit_loses_nothing_and_repeats_nothing(house, monkeypatch):
    house.tell()
    house.deploy()
    outbox = Outbox(house.store)
    keep = type(house.store.preferences).keep

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(house.store.preferences), "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        outbox.fill()
    assert house.sent() == []
    monkeypatch.setattr(type(house.store.preferences), "keep", keep)
    assert len(fill(house)) == 1


def test_only_the_narrowest_is_told_and_nobody_keeps_quiet(house):
    house.tell("wide")
    house.tell("narrow", project="shop", stage="dev", occasions=(Occasion.DEPLOY_FAILED,))
    house.deploy()
    fill(house)
    assert (len(house.sent("wide")), len(house.sent("narrow"))) == (0, 1)
    house.tell("narrow", kind=NotificationKind.NOBODY, project="shop", stage="dev", occasions=(Occasion.DEPLOY_FAILED,))
    house.deploy()
    fill(house)
    assert (len(house.sent("wide")), len(house.sent("narrow"))) == (0, 1)


def test_a_trouble_waits_a_moment_and_its_end_is_told_at_once(house):
    house.tell()
    house.instance()
    fill(house)
    assert house.store.deliveries.page("ops")[0].due == NOON + SETTLE
    send_all(house)
    house.clock.now += 60
    house.instance(InstanceStatus.RUNNING)
    assert fill(house) == ["shop/dev: v1 is unhealthy", "shop/dev: v1 runs well again"]
    assert house.store.deliveries.page("ops")[0].due == NOON + 60


def test_a_trouble_that_passes_before_anybody_heard_is_not_told(house):
    house.tell()
    house.instance()
    fill(house)
    house.instance(InstanceStatus.RUNNING)
    assert fill(house) == []


def test_an_end_without_a_trouble_is_no_news(house):
    house.tell()
    house.instance(InstanceStatus.RUNNING)
    house.part("back")
    assert fill(house) == []


def test_a_new_instance_that_serves_ends_the_trouble_of_the_old_one(house):
    house.tell()
    house.instance()
    fill(house)
    send_all(house)
    house.instance(serving=False)
    house.instance(InstanceStatus.RUNNING, id="d4e5f6", tag="v2")
    assert fill(house)[1:] == ["shop/dev: v2 runs well again"]


def test_what_flaps_is_told_twice_and_then_once_at_the_end_of_the_quiet_time(house):
    house.tell(quiet=300)
    for _ in range(50):  # a flap is told before the next one comes
        house.clock.now += 1
        house.instance()
        fill(house)
        if house.store.deliveries.next_due() and house.store.deliveries.next_due() <= house.clock.now + SETTLE:
            send_all(house)
        house.clock.now += 1
        house.instance(InstanceStatus.RUNNING)
        fill(house)
        if house.store.deliveries.next_due() and house.store.deliveries.next_due() <= house.clock.now:
            send_all(house)
    assert len(house.sent()) == 2
    house.instance()
    fill(house)
    held = house.store.deliveries.page("ops")[0]
    assert held.status is DeliveryStatus.WAITING
    assert held.due == NOON + 1 + 300


def test_many_of_one_subject_become_one_that_says_how_many_it_stands_for(house):
    house.tell(quiet=300)
    payload = {"decision": "refused", "vendor": "gitea", "reason": "Not signed", "signature": "none"}
    for number in range(10):
        with house.store.database.change() as change:
            change.emit(Event(type="receipt", payload={"id": number, **payload}, at=change.now))
        fill(house)
        if number < 2:
            send_all(house)
    assert len(house.sent()) == 3
    assert house.store.deliveries.page("ops")[0].notice.more == 7
    assert house.store.deliveries.page("ops")[0].due == NOON + 300


def test_without_a_quiet_time_each_is_told(house):
    house.tell(quiet=0)
    for _ in range(3):
        house.clock.now += 1
        house.part("down")
        fill(house)
        send_all(house)
        house.part("back")
        fill(house)
        send_all(house)
    assert len(house.sent()) == 6


def test_deploys_are_each_their_own_subject(house):
    house.tell()
    for _ in range(5):
        house.deploy()
    fill(house)
    assert [one.due for one in house.store.deliveries.page("ops")] == [NOON] * 5


def test_an_outbox_has_its_bounds(house):
    house.tell()
    for _ in range(MOST_WAITING + 3):
        house.deploy()
    fill(house)
    assert house.store.deliveries.waiting()["ops"] == MOST_WAITING


def test_a_delivery_has_a_key_of_its_own(house):
    house.tell()
    house.deploy()
    house.deploy()
    fill(house)
    assert len({one.key for one in house.store.deliveries.page("ops")}) == 2


def test_an_event_that_cannot_be_read_holds_up_no_other(house, caplog):
    house.tell()
    with house.store.database.change() as change:
        change.emit(Event(type="deploy_status", payload={"status": "failed"}, at=change.now))
    house.deploy()
    assert len(fill(house)) == 1
    assert "cannot be told" in caplog.text


def test_what_was_told_by_a_clock_that_was_ahead_keeps_nobody_quiet(house):
    house.tell(quiet=300)
    house.clock.now += 365 * 86400
    for _ in range(2):
        house.part("down")
        fill(house)
        send_all(house)
        house.part("back")
        fill(house)
        send_all(house)
    house.clock.now -= 365 * 86400
    house.part("down")
    fill(house)
    assert house.store.deliveries.page("ops")[0].due <= house.clock.now + SETTLE
