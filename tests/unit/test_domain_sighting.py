"""Sightings and receipts."""

from __future__ import annotations

from forge.domain.sighting import Decision, Receipt, Sighting


def test_the_words_are_those_that_are_stored():
    assert {*Decision} == {
        "deploy", "noted", "waiting", "held", "ignored", "quarantined", "current", "superseded", "refused"
    }  # fmt: skip


def test_a_sighting_led_to_nothing_and_a_receipt_is_no_replay_until_they_say_so():
    seen = Sighting(
        id=1, project="shop", stage="dev", tag="v1", digest="sha256:0", source="poller", decision=Decision.NOTED,
        reason="First look.", seen=1.0,
    )  # fmt: skip
    receipt = Receipt(id=1, at=1.0, vendor="", images=(), signature="none", decision="", reason="", body="")
    assert (seen.deploy, seen.due, receipt.replay_of, receipt.headers) == (None, None, None, ())
