"""What should happen with a tag: the rules, one by one and in their order."""

from dataclasses import replace
from datetime import datetime

import pytest

from forge.domain.project import Project
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Stage, Update, UpdateMode
from forge.domain.tags import parse_pattern
from forge.watch.decide import Case, decide

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
TUESDAY_NOON = datetime(2026, 3, 10, 12, 0).timestamp()  # noqa: DTZ001 windows are on the wall's clock
PROJECT = Project(name="shop", image="registry.example.org/acme/shop", port=80)
STAGE = Stage(project="shop", name="dev", pattern=parse_pattern("dev-*"))
SEEN = Sighting(
    id=7, project="shop", stage="dev", tag="dev-1", digest=A, source="poller",
    decision=Decision.NOTED, reason="it was there", seen=1,
)  # fmt: skip
CASE = Case(project=PROJECT, stage=STAGE, tag="dev-1", digest=A, now=TUESDAY_NOON, seen=TUESDAY_NOON)


def at(hour, minute=0, day=10):
    return datetime(2026, 3, day, hour, minute).timestamp()  # noqa: DTZ001


def test_a_new_tag_of_a_stage_is_deployed_and_every_check_is_told():
    verdict = decide(CASE)
    assert (verdict.decision, verdict.due, verdict.fresh) == (Decision.DEPLOY, None, True)
    assert [check.name for check in verdict.checks if check.ok] == [check.name for check in verdict.checks]
    assert len(verdict.checks) == 12


STAGES = {
    "auto_deploy": (replace(STAGE, auto_deploy=False), Decision.IGNORED, "does not deploy by itself"),
    "promotion": (replace(STAGE, promote_from="test"), Decision.IGNORED, "takes only what test serves"),
    "ask": (replace(STAGE, update=Update(mode=UpdateMode.ASK)), Decision.WAITING, "asks first"),
    "pattern": (replace(STAGE, pattern=parse_pattern("rel-*")), Decision.IGNORED, "does not match glob:rel-*"),
}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_can_say_no(name):
    stage, decision, words = STAGES[name]
    verdict = decide(replace(CASE, stage=stage))
    assert verdict.decision is decision
    assert words in verdict.reason
    assert [check.name for check in verdict.checks if not check.ok] == [name]


CASES = {
    "active": ({"project": replace(PROJECT, active=False)}, Decision.WAITING, "approve the project first"),
    "first_look": ({"first_look": True}, Decision.NOTED, "first look"),
    "current": ({"target": A, "target_said": "It serves already"}, Decision.CURRENT, "serves already"),
    "quarantine": ({"quarantine": "deploy #3: it crashed"}, Decision.QUARANTINED, "deploy #3: it crashed"),
    "newest": ({"newer": "dev-2"}, Decision.SUPERSEDED, "dev-2 is newer"),
    "news": ({"last": SEEN}, Decision.NOTED, "decided already (noted): it was there"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_known_of_a_tag_can_say_no(name):
    changes, decision, words = CASES[name]
    verdict = decide(replace(CASE, **changes))
    assert verdict.decision is decision
    assert words in verdict.reason
    assert [check.name for check in verdict.checks if not check.ok] == [name]
    assert verdict.fresh is (name != "news")


def test_a_tag_that_means_another_image_is_news():
    assert decide(replace(CASE, last=replace(SEEN, digest=B))).decision is Decision.DEPLOY


def test_the_first_check_that_is_not_ok_decides():
    everything = replace(CASE, **{key: value for changes, _, _ in CASES.values() for key, value in changes.items()})
    stage = replace(STAGE, auto_deploy=False, promote_from="test", update=Update(mode=UpdateMode.ASK))
    order = []
    case = replace(everything, stage=stage, last=None)
    for calm in (
        {"project": PROJECT},
        {"stage": replace(stage, auto_deploy=True)},
        {"first_look": False},
        {"stage": replace(stage, auto_deploy=True, promote_from=None)},
        {"target": ""},
        {"quarantine": ""},
        {"newer": None},
        {"stage": STAGE},
    ):
        order.append(decide(case).decision.value)
        case = replace(case, **calm)
    assert order == ["waiting", "ignored", "noted", "ignored", "current", "quarantined", "superseded", "waiting"]
    assert decide(case).decision is Decision.DEPLOY


def windowed(window, age=0):
    return replace(CASE, stage=replace(STAGE, update=Update(mode=UpdateMode.WINDOW, window=window, minimum_age=age)))


def test_outside_the_window_it_is_held_until_the_window_opens():
    verdict = decide(windowed("22:00-04:00"))
    assert (verdict.decision, verdict.due) == (Decision.HELD, at(22))
    assert "2026-03-10 22:00" in verdict.reason
    assert decide(replace(windowed("22:00-04:00"), now=at(23))).decision is Decision.DEPLOY
    assert decide(replace(windowed("sat 01:00-02:00"))).due == at(1, day=14)


def test_a_young_image_is_held_until_it_is_old_enough():
    young = replace(CASE, stage=replace(STAGE, update=Update(minimum_age=3600)))
    assert (decide(young).decision, decide(young).due) == (Decision.HELD, at(13))
    assert decide(replace(young, now=at(13))).decision is Decision.DEPLOY


def test_one_that_is_old_enough_only_after_the_window_waits_for_the_next_window():
    verdict = decide(windowed("12:00-12:30", age=3600))
    assert (verdict.decision, verdict.due) == (Decision.HELD, at(12, day=11))
