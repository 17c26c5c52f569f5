"""What should happen with a tag in a stage, and why: values in, a verdict out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from forge.domain.project import Project
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Stage, UpdateMode, parse_window


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a decision rests on. `digest` is "" where nobody knows it. Times are unix seconds.

    `seen`: since when the tag means this digest. `first_look`: it was there before anybody watched.
    `last`: what was decided of the tag when it was seen last. `target`: the digest that the slot serves, or will
    when its deploy is through; `target_said` says which of both. `quarantine`: why the digest is quarantined here.
    `not_promoted`: why it may not go on from the stage before. `newer`: a newer tag of the same slot. `pushed`:
    somebody says that it was pushed just now.
    """

    project: Project
    stage: Stage
    tag: str
    digest: str
    now: float
    seen: float
    first_look: bool = False
    last: Sighting | None = None
    target: str = ""
    target_said: str = ""
    quarantine: str = ""
    not_promoted: str = ""
    newer: str | None = None
    pushed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question and its answer, as a sentence."""

    name: str
    ok: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`reason` is the sentence of the check that decided. `fresh` False: it was decided before, nothing is new."""

    decision: Decision
    reason: str
    checks: tuple[Check, ...]
    due: float | None = None
    fresh: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """A check's answer, and what follows if it is not ok."""

    ok: bool
    sentence: str
    decision: Decision = Decision.DEPLOY
    due: float | None = None


def decide(case: Case) -> Verdict:
    """The first check that is not ok decides; if all are ok: deploy."""
    findings = [(name, rule(case)) for name, rule in _RULES]
    checks = tuple(Check(name=name, ok=found.ok, sentence=found.sentence) for name, found in findings)
    for name, found in findings:
        if not found.ok:
            return Verdict(
                decision=found.decision, reason=found.sentence, checks=checks, due=found.due, fresh=name != "news"
            )
    return Verdict(decision=Decision.DEPLOY, reason=f"{case.tag} belongs to {case.stage.key}", checks=checks)


def was_only_noted(sighting: Sighting) -> bool:
    """Whether nothing was decided of it yet: a push of the same image then still does."""
    return sighting.decision is Decision.NOTED


def _pattern(case: Case) -> _Finding:
    pattern = case.stage.pattern
    if pattern.matches(case.tag):
        return _Finding(ok=True, sentence=f"{case.tag} matches {pattern}")
    return _Finding(ok=False, sentence=f"{case.tag} does not match {pattern}", decision=Decision.IGNORED)


def _news(case: Case) -> _Finding:
    last = case.last
    if last is None:
        return _Finding(ok=True, sentence=f"{case.tag} was not seen before")
    if not case.digest or last.digest != case.digest:
        return _Finding(ok=True, sentence=f"{case.tag} means another image than when it was seen last")
    if was_only_noted(last) and case.pushed:
        return _Finding(ok=True, sentence=f"{case.tag} was there at the first look, and is pushed again now")
    return _Finding(
        ok=False,
        sentence=f"{case.tag} was decided already ({last.decision.value}): {last.reason}",
        decision=last.decision,
        due=last.due,
    )


def _active(case: Case) -> _Finding:
    name = case.project.name
    if case.project.active:
        return _Finding(ok=True, sentence=f"Project {name} is active")
    return _Finding(
        ok=False, sentence=f"Project {name} waits for a person: approve the project first", decision=Decision.WAITING
    )


def _auto_deploy(case: Case) -> _Finding:
    if case.stage.auto_deploy:
        return _Finding(ok=True, sentence=f"{case.stage.key} deploys by itself")
    return _Finding(
        ok=False, sentence=f"{case.stage.key} does not deploy by itself: deploy it by hand", decision=Decision.IGNORED
    )


def _first_look(case: Case) -> _Finding:
    if not case.first_look:
        return _Finding(ok=True, sentence=f"{case.tag} was pushed after the first look at {case.stage.key}")
    return _Finding(
        ok=False,
        sentence=f"{case.tag} was there at the first look at {case.stage.key}: only what is pushed later is deployed",
        decision=Decision.NOTED,
    )


def _promotion(case: Case) -> _Finding:
    source = case.stage.promote_from
    if source is None:
        return _Finding(ok=True, sentence=f"{case.stage.key} takes tags from the registry")
    by_hand = f"{case.stage.key} takes only what {source} serves: promote it"
    return _Finding(ok=False, sentence=case.not_promoted or by_hand, decision=Decision.IGNORED)


def _current(case: Case) -> _Finding:
    if case.digest and case.digest == case.target:
        return _Finding(ok=False, sentence=case.target_said, decision=Decision.CURRENT)
    return _Finding(ok=True, sentence=f"{case.stage.key} does not serve this image yet")


def _quarantine(case: Case) -> _Finding:
    if not case.quarantine:
        return _Finding(ok=True, sentence="This image has not failed here")
    return _Finding(
        ok=False,
        sentence=f"This image failed here before ({case.quarantine}): retry its deploy to try it anyway",
        decision=Decision.QUARANTINED,
    )


def _newest(case: Case) -> _Finding:
    if case.newer is None:
        return _Finding(ok=True, sentence=f"No newer tag of {case.stage.key} is known")
    return _Finding(
        ok=False, sentence=f"{case.newer} is newer, and {case.stage.key} runs one", decision=Decision.SUPERSEDED
    )


def _asked(case: Case) -> _Finding:
    if case.stage.update.mode is not UpdateMode.ASK:
        return _Finding(ok=True, sentence=f"{case.stage.key} does not ask first")
    return _Finding(ok=False, sentence=f"{case.stage.key} asks first: approve it", decision=Decision.WAITING)


def _age(case: Case) -> _Finding:
    age = case.stage.update.minimum_age
    ready = case.seen + age
    if ready <= case.now:
        return _Finding(ok=True, sentence=f"{case.tag} is old enough")
    due = _opening(case, ready)
    sentence = f"{case.tag} must be {age:g} s old: it goes live at {_said(due)}"
    return _Finding(ok=False, sentence=sentence, decision=Decision.HELD, due=due)


def _window(case: Case) -> _Finding:
    opening = _opening(case, case.now)
    text = case.stage.update.window
    if opening <= case.now:
        return _Finding(ok=True, sentence=f"The window {text} is open" if text else "It may go live at any time")
    return _Finding(
        ok=False,
        sentence=f"The window {text} is closed: it opens at {_said(opening)}",
        decision=Decision.HELD,
        due=opening,
    )


def _opening(case: Case, at: float) -> float:
    """The first moment from `at` on that lies in the stage's window."""
    text = case.stage.update.window
    if text is None:
        return at
    moment = datetime.fromtimestamp(at)  # noqa: DTZ006 windows are on the wall's clock, summer time included
    return max(at, parse_window(text).opens(moment).timestamp())


def _said(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"  # noqa: DTZ006 as above


_RULES: tuple[tuple[str, Callable[[Case], _Finding]], ...] = (
    ("pattern", _pattern),
    ("active", _active),
    ("auto_deploy", _auto_deploy),
    ("first_look", _first_look),
    ("promotion", _promotion),
    ("current", _current),
    ("quarantine", _quarantine),
    ("newest", _newest),
    ("ask", _asked),
    ("age", _age),
    ("window", _window),
    ("news", _news),  # last: an explanation that only says “decided before” helps nobody
)
