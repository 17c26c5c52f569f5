"""What came of a delivery, as one word and one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from forge.domain.sighting import Decision, Sighting
from forge.watch.newcomers import Found
from forge.watch.sightings import Outcome

_MOST = 20  # stages named in one sentence
# What is told first if a delivery led to several things.
_RANKS = (
    *("deploy", "waiting", "held", "failed", "quarantined", "superseded", "current", "noted", "refused"),
    *("known", "ignored"),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """`decision` as a receipt has it: one of domain.sighting.Decision, `known` or `failed`."""

    decision: str
    text: str

    @property
    def rank(self) -> int:
        return _RANKS.index(self.decision)


def summarize(found: Found) -> Summary:
    """Sum up the look for one image."""
    seen = found.seen
    if not seen.watched and not found.missing:
        return Summary("ignored", f"No project watches {seen.asked.name}: ignored")
    if not seen.outcomes:
        return Summary("ignored", f"{_remark(found)}{_nothing(found)}")
    fresh = [outcome for outcome in seen.outcomes if outcome.fresh]
    words = [outcome.sighting.decision.value for outcome in fresh] or ["known"]
    texts = [_said(outcome) for outcome in seen.outcomes[:_MOST]]
    more = len(seen.outcomes) - len(texts)
    told = "; ".join(dict.fromkeys(texts)) + (f"; and {more} more" if more else "")
    return Summary(min(words, key=_RANKS.index), f"{_remark(found)}{told}")


def _nothing(found: Found) -> str:
    seen = found.seen
    if seen.image.tag is None:
        return f"Nothing has changed in {seen.image.name}"
    if found.missing:
        return f"{seen.image.name} has no tag {seen.image.tag} at the registry"
    return f"No stage takes the tag {seen.image.tag} of {seen.image.name}: ignored"


def _remark(found: Found) -> str:
    seen = found.seen
    if found.made is not None:
        return f"Project {found.made} was made for {seen.asked.name}. "
    if seen.image.name != seen.asked.name:
        return f"{seen.asked.name} is taken for {seen.image.name}, the only image watched with this path. "
    return ""


def _said(outcome: Outcome) -> str:
    sighting = outcome.sighting
    where = f"{sighting.project}/{sighting.stage}"
    if not outcome.fresh:
        return f"{where}: known already ({_short(sighting)})"
    if sighting.decision is Decision.DEPLOY:
        return f"deploy #{sighting.deploy} of {where} queued"
    return f"{where}: {sighting.reason}"


def short(digest: str | None) -> str:
    """A digest as people are told it."""
    return digest[:19] if digest else "nothing"


def _short(sighting: Sighting) -> str:
    return f"deploy #{sighting.deploy}" if sighting.deploy is not None else sighting.decision.value
