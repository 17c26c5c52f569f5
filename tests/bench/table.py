"""What a benchmark returns, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number. `most`: it may be this much; `most_ratio`: this many times `baseline`; neither: it is only told.
    `beside`: what the baseline is.
    """

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    most_ratio: float | None = None
    baseline: float | None = None
    beside: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.most is None and self.most_ratio is None:
            return None
        fine = self.most is None or self.value <= self.most
        return fine and (self.most_ratio is None or (self.ratio or math.inf) <= self.most_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All figures of one benchmark; `notes` are sentences that belong beside them."""

    name: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(figure.met is not False for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        figures = [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in self.figures]
        return {"name": self.name, "passed": self.passed, "figures": figures, "notes": self.notes}


HEAD = ("figure", "measured", "target", "met", "baseline", "ratio")


def table(results: Sequence[Result]) -> str:
    """Markdown, one line for each figure; the notes of each benchmark below."""
    rows = [HEAD, *(_row(result.name, figure) for result in results for figure in result.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {result.name}: {note}" for result in results for note in result.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _row(name: str, figure: Figure) -> tuple[str, ...]:
    limits = []
    if figure.most is not None:
        unit = "" if figure.unit.startswith("of ") else figure.unit
        limits.append(f"≤ {_number(figure.most)} {unit}".rstrip() if figure.most else "0")
    if figure.most_ratio is not None:
        limits.append("ahead" if figure.most_ratio == 1 else f"≤ {figure.most_ratio:g} times")
    met = {None: "", True: "yes", False: "NO"}[figure.met]
    beside = f"{_number(figure.baseline)} {figure.beside}" if figure.baseline is not None else ""
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    measured = f"{_number(figure.value)} {figure.unit}".rstrip()
    return f"{name}: {figure.name}", measured, ", ".join(limits), met, beside, ratio


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:.3g}"


def of_streams(found: Mapping[str, Any]) -> Result:
    """The figures of tests/bench/streams.py, whose rows begin with Forge's own."""
    ours, *others = found["rows"]
    peers = [row for row in others if row["server"] != ours["server"]]
    limits = {"event_p99_ms": 25.0, "api_p99_ms": 15.0, "memory_mb": 2.0}
    figures = []
    for name, most in limits.items():
        best = min(peers, key=itemgetter(name), default=None)
        figures.append(
            Figure(
                name=f"{ours['readers']:,} readers, {name.rpartition('_')[0].replace('_', ' ')}",
                value=ours[name], unit=name.rpartition("_")[2].replace("mb", "MB"), most=most,
                most_ratio=None if name == "memory_mb" or best is None else 1,
                baseline=best[name] if best else None, beside=best["server"] if best else "",
            )
        )  # fmt: skip
    for row in others:
        if row["server"] == ours["server"]:
            figures += [
                Figure(name=f"{row['readers']:,} readers, {label}", value=row[name], unit="ms")
                for name, label in (("event_p99_ms", "event p99"), ("api_p99_ms", "api p99"))
            ]
    return Result(name="streams", figures=tuple(figures))


def median(values: Sequence[float]) -> float:
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of `values` that `percent` of them do not exceed; the mean of the middle two for a median."""
    ordered = sorted(values)
    if percent == 50 and len(ordered) % 2 == 0:
        return (ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]) / 2
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
