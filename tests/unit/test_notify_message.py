"""A notice as it goes out."""

import pytest

from forge.domain.notification import Delivery, DeliveryStatus
from forge.notify.message import message_of
from tests.unit.notifying import notice
from tests.unit.storing import NOON


def message(url="https://forge.example.org/", now=NOON, **more):
    delivery = Delivery(
        id=1, notification="ops", key="k", event=1, notice=notice(**more), attempts=0, created=NOON, due=NOON,
        status=DeliveryStatus.WAITING,
    )  # fmt: skip
    return message_of(delivery, url, now)


def test_it_ends_with_a_link_to_what_it_is_about():
    assert message().text.splitlines() == ["It did not start.", "https://forge.example.org/deploys/1"]


@pytest.mark.parametrize("url", [None, ""])
def test_without_an_address_of_the_board_it_has_no_link(url):
    assert (message(url).url, message(url).text) == (None, "It did not start.")


def test_one_that_is_late_says_when_it_was():
    assert "2026-01-01 11:00 UTC: the message is late" in message(now=NOON + 301).text
    assert "late" not in message(now=NOON + 299).text


def test_one_that_stands_for_others_says_for_how_many():
    assert "It stands for 3 more before it" in message(more=3).text
