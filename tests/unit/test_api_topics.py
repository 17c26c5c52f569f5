"""What a reader may ask for, and what it is told if that makes no sense."""

from __future__ import annotations

import pytest

from forge.api.topics import MAX_TOPICS, Position, Subscription, Wanted, parse, without
from forge.domain.errors import Invalid


def wanted(*pairs: tuple[str, Position | None]) -> Subscription:
    return Subscription(wanted=tuple(Wanted(topic=topic, position=position) for topic, position in pairs))


@pytest.mark.parametrize("text", [None, "", "state"])
def test_without_topics_it_is_the_changes_of_state_from_now_on(text):
    assert parse(text) == wanted(("state", None))


def test_each_topic_has_its_own_cursor():
    assert parse("state@17,deploy:42@9,instance:a1b2c3@5f-12") == wanted(
        ("state", Position(id=17)), ("deploy:42", Position(id=9)), ("instance:a1b2c3", Position(epoch="5f", seq=12))
    )


def test_a_deploy_without_a_cursor_is_wanted_from_its_first_line():
    assert parse("deploy:42,instance:a1b2c3") == wanted(("deploy:42", Position()), ("instance:a1b2c3", None))


def test_an_empty_cursor_is_none():
    assert parse("state@") == wanted(("state", None))


def test_a_stream_that_broke_off_goes_on_from_there_for_all_its_topics():
    assert parse("state,deploy:42", "31") == wanted(("state", Position(id=31)), ("deploy:42", Position(id=31)))
    assert parse("state@4", "5f-8") == wanted(("state", Position(epoch="5f", seq=8)))


def test_the_later_of_cursor_and_last_event_id_wins():
    assert parse("state@17,deploy:42@40", "31") == wanted(("state", Position(id=31)), ("deploy:42", Position(id=40)))
    assert parse("instance:a@5f-9", "5f-12") == wanted(("instance:a", Position(epoch="5f", seq=12)))


@pytest.mark.parametrize(
    ("topics", "last_event_id", "field", "said"),
    [
        ("weather", None, "topics", "“weather” is no topic"),
        ("deploy:", None, "topics", "no topic"),
        ("deploy:x", None, "topics", "no topic"),
        ("instance:A/..", None, "topics", "no topic"),
        ("state,", None, "topics", "no topic"),
        ("state@soon", None, "topics", "“soon” is no place"),
        ("state@-4", None, "topics", "no place"),
        ("state@" + "9" * 40, None, "topics", "no place"),
        ("state,state@4", None, "topics", "named twice"),
        ("state", "x\ny", "Last-Event-ID", "no place"),
        (",".join(f"deploy:{n}" for n in range(MAX_TOPICS + 1)), None, "topics", "at most 20"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(topics, last_event_id, field, said):
    with pytest.raises(Invalid, match=said) as refused:
        parse(topics, last_event_id)
    assert list(refused.value.fields) == [field]


def test_twenty_topics_are_allowed():
    assert len(parse(",".join(f"deploy:{n}" for n in range(MAX_TOPICS))).wanted) == 20


def test_metrics_are_a_topic_that_can_be_left_out():
    asked = parse("state@4,metrics")
    assert asked == wanted(("state", Position(id=4)), ("metrics", None))
    assert without(asked, "metrics") == wanted(("state", Position(id=4)))
