"""Stages: what is refused, when a window opens, and how a deploy must run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.domain.project import Project, Volume, VolumeKind
from forge.domain.stage import Stage, Strategy, Tolerance, Update, UpdateMode, Window, parse_window, strategy_of
from forge.domain.tags import PatternKind, TagPattern

moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1))  # noqa: DTZ001  windows are local time
windows = st.builds(
    Window,
    days=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    start=st.integers(0, 1439),
    end=st.integers(0, 1440),
)


def _open(window, at):
    """Whether `at` is in the window, told minute by minute from the week alone."""
    minutes = at.hour * 60 + at.minute
    if window.start < window.end:
        return at.weekday() in window.days and window.start <= minutes < window.end
    yesterday = (at.weekday() - 1) % 7
    return (at.weekday() in window.days and minutes >= window.start) or (
        yesterday in window.days and minutes < window.end
    )


@given(windows, moments)
def test_a_window_opens_now_or_later_and_is_open_then(window, now):
    opens = window.opens(now)
    assert opens >= now
    assert _open(window, opens)
    assert (opens == now) == _open(window, now)
    assert opens - now <= timedelta(days=7)


@given(windows, moments)
def test_a_window_is_closed_until_it_opens(window, now):
    opens = window.opens(now)
    for part in range(8):
        between = now + (opens - now) * part / 8
        assert between == opens or not _open(window, between)


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("02:00-05:00", (0, 1, 2, 3, 4, 5, 6), 120, 300),
        ("sat 02:00-05:00", (5,), 120, 300),
        ("mon-fri 22:00-04:00", (0, 1, 2, 3, 4), 1320, 240),
        ("sat-mon 00:00-24:00", (5, 6, 0), 0, 1440),
        (" Sun 00:00-00:01 ", (6,), 0, 1),
    ],
)
def test_a_window_is_read(text, days, start, end):
    assert parse_window(text) == Window(days=days, start=start, end=end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2:00-5:00",
        "24:00-24:00",
        "02:00-24:01",
        "02:60-03:00",
        "foo 02:00-03:00",
        "mon-xyz 02:00-03:00",
        "mon",
        "25:00-26:00",
    ],
)
def test_what_is_no_window_is_refused_with_its_field(text):
    with pytest.raises(Invalid) as caught:
        parse_window(text)
    assert list(caught.value.fields) == ["update.window"]


def test_a_window_over_midnight_belongs_to_the_day_it_starts():
    window = parse_window("fri 22:00-04:00")
    friday, saturday = datetime(2026, 1, 2, 3), datetime(2026, 1, 3, 3)  # noqa: DTZ001
    assert window.opens(saturday) == saturday
    assert window.opens(friday) == friday.replace(hour=22)
    assert window.opens(saturday.replace(hour=4)) == datetime(2026, 1, 9, 22)  # noqa: DTZ001


# ---- what is refused


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "Dev"}),
        ("environment", {"environment": {"1A": ""}}),
        ("environment", {"environment": {"A": "\0"}}),
        ("secrets", {"secrets": ("A B",)}),
        ("secrets", {"environment": {"A": "x"}, "secrets": ("A",)}),
        ("domain", {"domain": "{what}"}),
        ("promote_from", {"promote_from": "dev"}),
        ("promote_from", {"promote_from": "A/B"}),
        ("publish", {"publish": 0}),
        ("publish", {"publish": 65536}),
        ("max_instances", {"publish": 80, "max_instances": 2}),
        ("max_instances", {"max_instances": 0}),
        ("max_instances", {"max_instances": 51}),
        ("keep", {"keep": 0}),
        ("keep", {"keep": 101}),
        ("bake", {"bake": -1}),
        ("bake", {"bake": float("nan")}),
        ("drain", {"drain": 3601}),
        ("stop_timeout", {"stop_timeout": float("inf")}),
    ],
)
def test_a_stage_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Stage(**{"project": "shop", "name": "dev", **given})
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("update.window", {"mode": UpdateMode.WINDOW}),
        ("update.window", {"window": "02:00-03:00"}),
        ("update.window", {"mode": UpdateMode.WINDOW, "window": "soon"}),
        ("update.minimum_age", {"minimum_age": -1}),
        ("update.minimum_age", {"minimum_age": 365 * 86400 + 1}),
        ("update.minimum_age", {"minimum_age": float("nan")}),
    ],
)
def test_an_update_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Update(**given)
    assert list(caught.value.fields) == [field]


def test_a_plain_stage_takes_every_tag_by_itself():
    stage = Stage(project="shop", name="dev")
    assert stage.key == "shop/dev"
    assert stage.pattern == TagPattern(PatternKind.GLOB, "*")
    assert stage.auto_deploy
    Stage(project="shop", name="rel", promote_from="dev", publish=8080, bake=3600, keep=100)
    Update(mode=UpdateMode.WINDOW, window="mon 02:00-03:00", minimum_age=60)


@pytest.mark.parametrize(
    ("name", "seconds"), [("dev", 0), ("dev-2", 0), ("development", 0), ("rel", 60), ("prod", 60), ("devices", 60)]
)
def test_how_long_a_stage_bakes_if_nobody_says_is_told_by_its_name(name, seconds):
    assert Stage(project="shop", name=name).bake == seconds
    assert Stage(project="shop", name=name, bake=7).bake == 7


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("tolerance.share", {"share": -1}),
        ("tolerance.share", {"share": 101}),
        ("tolerance.share", {"share": float("nan")}),
        ("tolerance.least", {"least": 0}),
        ("tolerance.least", {"least": 41}),
    ],
)
def test_a_tolerance_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        Tolerance(**given)
    assert list(caught.value.fields) == [field]


# ---- strategy


DATA = Volume(kind=VolumeKind.NAMED, path="/data", source="data")
HOST = Volume(kind=VolumeKind.HOST, path="/host", source="/srv/shop")
OWN = Volume(kind=VolumeKind.INSTANCE, path="/cache")
MEMORY = Volume(kind=VolumeKind.TMPFS, path="/tmp/x")
ALONE = Volume(kind=VolumeKind.NAMED, path="/db", source="db", exclusive=True)


@pytest.mark.parametrize(
    ("volumes", "publish", "strategy", "why"),
    [
        ((), None, Strategy.SIDE_BY_SIDE, "the old instance serves until"),
        ((DATA,), None, Strategy.SIDE_BY_SIDE, "the old instance serves until"),
        ((DATA, ALONE), None, Strategy.IN_PLACE, "the volume at /db is exclusive"),
        ((), 8080, Strategy.IN_PLACE, "cannot both publish port 8080"),
        ((ALONE,), 8080, Strategy.IN_PLACE, "cannot both publish port 8080"),
    ],
)
def test_two_run_side_by_side_unless_they_cannot(volumes, publish, strategy, why):
    project = Project(name="shop", image="shop", port=80, volumes=volumes)
    found, reason = strategy_of(project, Stage(project="shop", name="dev", publish=publish))
    assert found is strategy
    assert why in reason


@pytest.mark.parametrize(
    ("volumes", "limit", "said"),
    [
        ((DATA,), 1, "meanwhile old and new share the volume at /data: mark it exclusive if two cannot write at once"),
        ((DATA, HOST), 1, "meanwhile old and new share the volumes at /data and /host: mark"),
        ((DATA,), 3, "; all instances share the volume at /data"),
        ((replace(DATA, read_only=True), OWN, MEMORY), 1, None),
    ],
)
def test_what_two_instances_write_to_at_once_is_said_with_what_to_do(volumes, limit, said):
    """Pitfall 13."""
    project = Project(name="shop", image="shop", port=80, volumes=volumes)
    strategy, reason = strategy_of(project, Stage(project="shop", name="dev", max_instances=limit))
    assert strategy is Strategy.SIDE_BY_SIDE
    assert said in reason if said else "share" not in reason
