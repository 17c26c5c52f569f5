"""Notifications and their outbox as they are kept."""

from dataclasses import replace

import pytest

from forge.domain.errors import NotFound
from forge.domain.notification import Answer, Delivery, DeliveryStatus
from forge.store.notifications import KEPT, address_place
from tests.unit.notifying import BAD, GOOD, House, notice
from tests.unit.storing import NOON


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def add(house, name="ops", **more):
    given = {"id": 0, "notification": name, "key": "k", "event": 1, "notice": notice(), "attempts": 0}
    delivery = Delivery(**{**given, "status": DeliveryStatus.WAITING, "created": 0, "due": NOON, **more})
    with house.store.database.change() as change:
        house.store.deliveries.add(change, delivery)
    return house.store.deliveries.page(name)[0]


def change(house, method, *given, **more):
    with house.store.database.change() as made:
        return getattr(house.store.deliveries, method)(made, *given, **more)


def test_a_notification_comes_back_as_it_was(house):
    kept = house.tell(project="shop", stage="dev", quiet=7)
    assert house.store.notifications.get("ops") == kept
    changed = replace(kept, active=False)
    with house.store.database.change() as made:
        house.store.notifications.put(made, changed, "ann")
    assert house.store.notifications.all() == [changed]
    assert house.heard[-1].payload == {"names": ["notifications"]}


def test_a_changed_one_is_told_from_where_it_was_new(house):
    house.tell()
    since = house.store.notifications.told()[0].since
    house.deploy()
    house.tell(quiet=1)
    assert house.store.notifications.told()[0].since == since


@pytest.mark.parametrize("more", [{"project": "moon"}, {"project": "shop", "stage": "moon"}])
def test_a_place_that_is_not_there_is_told(house, more):
    with pytest.raises(NotFound, match="moon"):
        house.tell(**more)
    assert house.store.notifications.all() == []


@pytest.mark.parametrize("how", ["by hand", "with its stage", "with its project"])
def test_however_it_goes_its_secrets_and_deliveries_go_too(house, how):
    house.tell(project="shop", stage="dev")
    add(house)
    with house.store.database.change() as made:
        if how == "by hand":
            house.store.notifications.delete(made, "ops", "ann")
        elif how == "with its stage":
            house.store.projects.delete_stage(made, "shop", "dev", "ann")
        else:
            house.store.projects.delete(made, "shop", "ann")
    assert house.store.notifications.all() == []
    assert house.store.secrets.get(address_place("ops")) is None
    assert house.store.database.rows("SELECT * FROM delivery") == []
    assert house.store.deliveries.next_due() is None


def test_what_is_not_there_is_told(house):
    for look in (house.store.notifications.get, house.store.deliveries.get):
        with pytest.raises(NotFound):
            look(7)
    with pytest.raises(NotFound), house.store.database.change() as made:
        house.store.notifications.delete(made, "moon", "ann")


def test_an_attempt_is_written_down_before_it_is_made(house):
    house.tell()
    begun = change(house, "begin", add(house), NOON + 5)
    assert (begun.attempts, house.store.deliveries.get(begun.id)) == (1, begun)
    assert house.store.deliveries.due(NOON + 4) == []
    assert house.store.deliveries.due(NOON + 5) == [begun]


@pytest.mark.parametrize(
    ("answer", "again", "status"),
    [
        (GOOD, None, DeliveryStatus.SENT),
        (BAD, NOON + 30, DeliveryStatus.WAITING),
        (BAD, None, DeliveryStatus.FAILED),
    ],
)
def test_how_an_attempt_went_is_kept(house, answer: Answer, again, status):
    house.tell()
    delivery = add(house)
    change(house, "settle", delivery, answer, again=again)
    found = house.store.deliveries.get(delivery.id)
    assert (found.status, found.code, found.answer) == (status, answer.code, answer.text)
    assert found.ended == (None if again else NOON)
    assert (change(house, "begin", found, 0) is None) == (status is not DeliveryStatus.WAITING)


def test_of_each_notification_the_one_longest_due_is_next(house):
    house.tell("a")
    house.tell("b")
    add(house, "a", due=NOON + 2)
    first = add(house, "a", due=NOON + 1)
    other = add(house, "b", due=NOON + 3)
    assert house.store.deliveries.due(NOON + 9) == [first, other]
    assert house.store.deliveries.next_due() == NOON + 1
    assert house.store.deliveries.waiting() == {"a": 2, "b": 1}


def test_what_is_switched_off_keeps_what_waits_and_sends_nothing(house):
    house.tell()
    add(house)
    house.tell(active=False)
    assert house.store.deliveries.due(NOON) == []
    assert house.store.deliveries.next_due() is None
    house.tell(active=True)
    assert len(house.store.deliveries.due(NOON)) == 1


def test_the_newest_that_was_tried_is_the_last(house):
    house.tell()
    tried = add(house)
    change(house, "settle", change(house, "begin", tried, NOON), GOOD, again=None)
    add(house)
    assert house.store.deliveries.last()["ops"].id == tried.id


def test_too_many_that_wait_are_dropped_the_oldest_first_and_old_ones_are_forgotten(house):
    house.tell()
    oldest, older, newest = (add(house) for _ in range(3))
    change(house, "thin", "ops", 2, "Too many")
    assert house.store.deliveries.get(oldest.id).status is DeliveryStatus.DROPPED
    assert [house.store.deliveries.get(one.id).status for one in (older, newest)] == [DeliveryStatus.WAITING] * 2
    assert house.store.deliveries.about("ops", "deploy/1", 1)[0].id == newest.id
    for _ in range(KEPT):
        change(house, "settle", add(house), GOOD, again=None)
    change(house, "thin", "ops", 2, "Too many")
    with pytest.raises(NotFound):
        house.store.deliveries.get(oldest.id)
    assert house.store.deliveries.get(older.id)  # it waits


def test_pages_go_back_in_time(house):
    house.tell()
    made = [add(house).id for _ in range(5)]
    first = house.store.deliveries.page("ops", limit=2)
    assert [one.id for one in first] == made[:2:-1]
    assert [one.id for one in house.store.deliveries.page("ops", before=first[-1].id)] == made[2::-1]


def test_one_that_was_given_up_can_be_sent_again(house):
    house.tell()
    delivery = add(house)
    change(house, "settle", change(house, "begin", delivery, NOON), BAD, again=None)
    change(house, "again", delivery.id)
    assert [(one.id, one.attempts) for one in house.store.deliveries.due(NOON)] == [(delivery.id, 0)]


def test_a_newer_word_takes_the_place_of_one_that_waits(house):
    house.tell()
    delivery = add(house)
    change(house, "replace", delivery, notice(title="other", more=1), 9)
    found = house.store.deliveries.get(delivery.id)
    assert (found.notice.title, found.notice.more, found.event, found.key) == ("other", 1, 9, "k")
    change(house, "forget", delivery.id)
    assert house.store.deliveries.page("ops") == []
