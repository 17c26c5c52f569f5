"""Events: what is sent, and under which topic."""

from __future__ import annotations

from forge.domain.events import STATE, TYPES, Event, deploy_topic, instance_topic


def test_topics_name_what_is_looked_at():
    assert (STATE, deploy_topic(42), instance_topic("a1b2c3")) == ("state", "deploy:42", "instance:a1b2c3")


def test_an_event_is_a_change_of_state_that_is_not_kept_unless_it_says_so():
    event = Event(type="ping", payload={}, at=1.0)
    assert (event.topic, event.id, event.actor) == (STATE, 0, "forge")


def test_the_promised_types_are_there():
    assert {"deploy_log", "deploy_status", "instance_status", "project_changed", "sighting", "hello", "resync"} <= set(
        TYPES
    )
