"""Who carries the outbox: again when it failed, on where a former Forge stopped, never in the way."""

import threading

import pytest

from forge.domain.errors import Conflict, NotFound
from forge.domain.events import Event
from forge.domain.notification import Answer, DeliveryStatus, NotificationKind
from forge.notify.courier import RETRIES, Courier
from forge.store.notifications import key_place
from tests.unit.notifying import BAD, GOOD, House, Sender
from tests.unit.storing import NOON
from tests.world import until


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def courier(house, *answers):
    sender = Sender(*answers)
    return Courier(store=house.store, apprise=sender, webhook=sender), sender


def waiting(house, who):
    """The one delivery, after a deploy failed."""
    house.deploy()
    who.outbox.fill()
    return house.store.deliveries.page("ops")[0]


def test_what_is_taken_is_sent_and_told_to_who_looks(house):
    house.tell()
    who, sender = courier(house)
    done = who.deliver(waiting(house, who))
    assert (done.status, done.attempts, done.code, done.ended) == (DeliveryStatus.SENT, 1, 200, NOON)
    assert sender.messages[0].key == done.key
    last = house.heard[-1]
    assert (last.type, last.id, last.payload) == ("notification", 0, {"name": "ops"})


def test_what_fails_is_tried_again_with_the_same_key_ever_later_and_then_given_up(house):
    house.tell()
    who, sender = courier(house, *[BAD] * 20)
    one, waits = waiting(house, who), []
    while one.status is DeliveryStatus.WAITING:
        house.clock.now = one.due
        one = who.deliver(one)
        waits.append(one.due - house.clock.now)
    assert (one.status, one.attempts, one.answer) == (DeliveryStatus.FAILED, len(RETRIES) + 1, "503: later")
    assert tuple(waits[:-1]) == RETRIES
    assert len({message.key for message in sender.messages}) == 1
    (told,) = [event for event in house.heard if event.type == "notification_failed"]
    assert told.payload == {"name": "ops", "title": "shop/dev: v1 failed and was taken back", "text": "503: later"}
    assert told.project == "shop"


def test_the_other_side_may_ask_to_wait_longer(house):
    house.tell()
    who, _ = courier(house, Answer(ok=False, text="429", code=429, retry_after=77))
    assert who.deliver(waiting(house, who)).due == NOON + 77


def test_a_kill_between_sending_and_writing_it_down_sends_it_once_more_with_the_same_key(house):
    house.tell()
    who, sender = courier(house)
    delivery = waiting(house, who)
    sender.send = lambda *given, **more: (Sender.send(sender, *given, **more), killed())[0]

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        who.deliver(delivery)
    assert house.store.deliveries.due(NOON) == []  # not at once: the message may be what kills
    house.clock.now += RETRIES[0]
    after, second = courier(house)
    (left,) = house.store.deliveries.due(house.clock.now)
    assert after.deliver(left).attempts == 2
    assert second.messages[0].key == sender.messages[0].key


def test_it_goes_on_where_a_former_forge_stopped(house):
    house.tell()
    house.deploy()
    who, sender = courier(house)
    who.start()
    who.wake()
    until(lambda: sender.messages, "it was sent")
    who.close()


def test_what_happens_wakes_it_and_a_slow_receiver_holds_up_nobody_else(house):
    house.tell("slow")
    house.tell("quick")
    who, sender = courier(house)
    stop, seen = threading.Event(), []

    def send(_address, _key, message, *, local):
        del local
        seen.append(message)
        if len(seen) == 1:
            stop.wait(20)
        return GOOD

    sender.send = send
    who.start()
    house.deploy()
    who.hear(house.heard)
    until(lambda: len(seen) == 2, "the other one was told")
    assert house.store.deliveries.waiting()
    stop.set()
    until(lambda: not house.store.deliveries.waiting(), "both were sent")
    who.close()


@pytest.mark.parametrize(("event", "woken"), [("deploy_status", True), ("deploy_log", False)])
def test_only_what_may_be_worth_a_message_wakes_it(house, event, woken):
    who, _ = courier(house)
    who._news = False
    who.hear([Event(type=event, payload={}, at=0, id=3)])
    who.hear([Event(type="deploy_status", payload={}, at=0)])  # not kept: there is nothing to read
    assert who._news is woken


def test_a_test_goes_past_the_outbox(house):
    house.tell(project="shop", stage="dev")
    who, sender = courier(house, BAD)
    assert who.test("ops") == BAD
    assert sender.messages[0].notice.title == "Forge: a test"
    assert house.store.deliveries.page("ops") == []
    with pytest.raises(NotFound):
        who.test("moon")


def test_one_that_was_given_up_can_be_sent_again_and_one_that_was_sent_not(house):
    house.tell()
    house.tell("other")
    who, _ = courier(house, *[BAD] * 10)
    one = waiting(house, who)
    for _ in range(10):
        one = who.deliver(one)
    with pytest.raises(NotFound):
        who.again("other", one.id)
    assert who.again("ops", one.id).attempts == 0
    assert who.deliver(one).status is DeliveryStatus.SENT
    with pytest.raises(Conflict):
        who.again("ops", one.id)


def test_what_has_no_address_or_key_says_so(house):
    house.tell(kind=NotificationKind.NOBODY)
    who, _ = courier(house)
    assert "keeps quiet" in who.test("ops").text
    house.tell()
    with house.store.database.change() as change:
        house.store.secrets.delete(change, key_place("ops"))
    assert "no key" in who.test("ops").text
    house.tell(kind=NotificationKind.APPRISE)
    assert who.test("ops").ok


def test_one_that_was_taken_by_somebody_else_is_not_sent_twice(house):
    house.tell()
    who, sender = courier(house)
    delivery = waiting(house, who)
    who.deliver(delivery)
    who.deliver(delivery)
    assert len(sender.messages) == 1


def test_a_mistake_ends_no_messages(house, monkeypatch, caplog):
    house.tell()
    who, sender = courier(house)
    fill, broken = who.outbox.fill, [True]

    def once():
        if broken:
            broken.pop()
            raise ZeroDivisionError
        return fill()

    monkeypatch.setattr(type(who.outbox), "fill", lambda _: once())
    who.start()
    until(lambda: not broken, "it broke once")
    house.deploy()
    who.wake()
    until(lambda: sender.messages, "it was sent")
    who.close()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("hours", [-10, 10])
def test_a_clock_that_is_set_holds_up_no_message_and_hurries_none(house, hours):
    house.tell()
    who, _ = courier(house, BAD)
    passed = [0.0]
    who.steady = lambda: NOON + passed[0]
    who._follow_clock()
    one = who.deliver(waiting(house, who))
    house.clock.now += hours * 3600
    who._follow_clock()
    assert house.store.deliveries.due(house.clock.now) == []
    passed[0] += RETRIES[0]
    house.clock.now += RETRIES[0]
    who._follow_clock()
    assert [due.id for due in house.store.deliveries.due(house.clock.now)] == [one.id]


def test_clocks_that_drift_a_little_move_nothing(house):
    house.tell()
    who, _ = courier(house, BAD)
    who.steady = lambda: NOON
    who._follow_clock()
    one = who.deliver(waiting(house, who))
    house.clock.now += 30
    who._follow_clock()
    assert house.store.deliveries.get(one.id).due == one.due


def test_a_clock_that_was_put_back_while_forge_was_away_holds_up_no_message(house):
    house.tell()
    who, _ = courier(house, BAD)
    tried, untried = who.deliver(waiting(house, who)), waiting(house, who)
    house.clock.now -= 10 * 365 * 86400
    again, _ = courier(house, GOOD)
    again.steady = lambda: NOON
    again._follow_clock()
    assert house.store.deliveries.due(house.clock.now)
    assert {house.store.deliveries.get(one.id).due for one in (tried, untried)} == {house.clock.now}


def test_an_attempt_of_a_clock_that_was_ahead_is_made_again_now(house):
    house.tell()
    who, _ = courier(house, BAD)
    one = waiting(house, who)
    house.clock.now += 365 * 86400
    one = who.deliver(one)
    house.clock.now -= 365 * 86400
    again, _ = courier(house, GOOD)
    again.steady = lambda: NOON
    again._follow_clock()
    assert house.store.deliveries.get(one.id).due == house.clock.now


def test_what_waits_its_time_is_not_hurried_by_a_start(house):
    house.tell()
    who, _ = courier(house, BAD)
    one = who.deliver(waiting(house, who))
    again, _ = courier(house, GOOD)
    again.steady = lambda: NOON
    again._follow_clock()
    assert house.store.deliveries.get(one.id).due == one.due
