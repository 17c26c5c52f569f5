"""The bus: everybody hears everything, in order, and nobody can hurt another."""

from __future__ import annotations

import logging

from forge.bus import Bus
from forge.domain.events import Event


def event(id: int) -> Event:
    return Event(type="sighting", payload={}, at=1.0, id=id)


def test_every_subscriber_gets_every_batch_in_the_order_of_subscribing():
    bus, heard = Bus(), []
    bus.subscribe(lambda events: heard.append(("first", [one.id for one in events])))
    bus.subscribe(lambda events: heard.append(("second", [one.id for one in events])))
    bus.publish([event(1), event(2)])
    bus.publish([event(3)])
    assert heard == [("first", [1, 2]), ("second", [1, 2]), ("first", [3]), ("second", [3])]


def test_who_left_hears_nothing_more_and_may_leave_twice():
    bus, heard = Bus(), []
    leave = bus.subscribe(heard.append)
    bus.subscribe(heard.append)
    leave()
    leave()
    bus.publish([event(1)])
    assert heard == [[event(1)]]


def test_a_subscriber_that_fails_is_logged_and_hurts_nobody(caplog):
    bus, heard = Bus(), []
    bus.subscribe(lambda events: 1 / 0)
    bus.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        bus.publish([event(1)])
    assert heard == [[event(1)]]
    assert "ZeroDivisionError" in caplog.text


def test_an_empty_batch_is_not_passed_on():
    bus, heard = Bus(), []
    bus.subscribe(heard.append)
    bus.publish([])
    assert heard == []
