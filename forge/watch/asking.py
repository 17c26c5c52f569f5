"""A delivery while it is looked at: registries tell of a push before its tag can be read, so some are asked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge.domain.sighting import Receipt
from forge.watch.newcomers import Found
from forge.watch.summary import Summary, short, summarize

# Seconds after a delivery at which its registry is asked again: for what was announced and is not there yet, and,
# where no digest was announced, for a tag that still means what it meant.
PATIENCE = (0.2, 0.7, 1.7, 3.7, 8.7)
ONCE_MORE = (2.0,)
NOTHING_YET = Summary("ignored", "")  # of the last rank: whatever is found counts more


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look for one image came to; `found` is None where the registry refused."""

    summary: Summary
    found: Found | None = None


@dataclass(slots=True)
class Asking:
    """`digests`: image → the digest that the delivery named for its tag. `came`: when, by a clock that does not jump.
    `best`: what came of it so far.
    """

    receipt: Receipt
    digests: Mapping[str, str]
    came: float
    best: Summary = NOTHING_YET

    def take(self, looked: Mapping[str, Looked], now: float) -> float | None:
        """Take in a look at all its images (image → what was found): when to look again, None if it is settled."""
        told = [self._told(image, each) for image, each in looked.items()]
        first = min(told, key=lambda summary: summary.rank)
        if first.rank <= self.best.rank:
            self.best = Summary(first.decision, "; ".join(dict.fromkeys(summary.text for summary in told)))
        steps = [step for image, each in looked.items() for step in _steps(each.found, self.digests.get(image))]
        return min((due for step in steps if (due := self.came + step) > now), default=None)

    def _told(self, image: str, looked: Looked) -> Summary:
        named = self.digests.get(image)
        if looked.found is None or not _is_another(looked.found, named):
            return looked.summary
        seen = looked.found.seen
        remark = f"{seen.image.tag} means {short(seen.digest)} at the registry, not {short(named)} as announced. "
        return Summary(looked.summary.decision, remark + looked.summary.text)


def looked(found: Found) -> Looked:
    """A look that was answered."""
    return Looked(summarize(found), found)


def _steps(found: Found | None, named: str | None) -> tuple[float, ...]:
    """A tag that no stage takes is not waited for: whatever it means, nothing follows."""
    if found is None:
        return ()
    if found.missing or _is_another(found, named):
        return PATIENCE
    outcomes = found.seen.outcomes
    stale = named is None and found.seen.image.tag is not None and not any(outcome.fresh for outcome in outcomes)
    return ONCE_MORE if outcomes and stale else ()


def _is_another(found: Found, named: str | None) -> bool:
    return named is not None and bool(found.seen.outcomes) and found.seen.digest != named
