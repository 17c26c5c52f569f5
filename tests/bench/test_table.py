"""Benchmarks' figures, their targets and their table."""

from __future__ import annotations

import pytest

from tests.bench.table import Figure, Result, median, of_streams, percentile, table


@pytest.mark.parametrize(
    ("limits", "met"),
    [
        ({}, None),
        ({"most": 10}, True),
        ({"most": 9.9}, False),
        ({"most": 0}, False),
        ({"baseline": 8}, None),
        ({"baseline": 8, "most_ratio": 1.25}, True),
        ({"baseline": 8, "most_ratio": 1.2}, False),
        ({"most_ratio": 1.2}, False),
        ({"most": 9, "baseline": 20, "most_ratio": 1}, False),
    ],
)
def test_a_figure_is_held_to_its_targets(limits, met):
    assert Figure(name="a", value=10, **limits).met is met


def test_a_result_passes_unless_a_target_is_missed():
    told, missed = Figure(name="a", value=1), Figure(name="b", value=2, most=1)
    assert Result(name="x", figures=(told,)).passed
    assert not Result(name="x", figures=(told, missed)).passed


def test_the_table_says_what_was_measured_and_what_was_asked_for():
    figure = Figure(name="a deploy", value=0.55, unit="s", most_ratio=1.15, baseline=0.5, beside="by hand")
    lines = table([Result(name="deploys", figures=(figure,), notes=("a word more",))]).splitlines()
    cells = [cell.strip() for cell in lines[2].split("|")[1:-1]]
    assert cells == ["deploys: a deploy", "0.55 s", "≤ 1.15 times", "yes", "0.5 by hand", "1.10"]
    assert lines[-1] == "- deploys: a word more"


def test_percentiles_are_values_that_were_measured():
    assert percentile(range(1, 101), 95) == 95
    assert percentile([7], 99) == 7
    assert median([4, 1, 3, 2]) == 2.5
    assert median([3, 1, 2]) == 2


def test_streams_are_held_to_the_better_of_their_peers():
    def row(server, event, api=1.0, readers=1000):
        figures = {"event_p99_ms": event, "api_p99_ms": api, "memory_mb": 1.0}
        return {"server": server, "readers": readers, **figures}

    rows = [row("forge", 12.0), row("node", 11.0), row("uvicorn", 60.0), row("forge", 70.0, readers=5000)]
    found = of_streams({"rows": rows})
    event = found.figures[0]
    assert (event.value, event.baseline, event.beside, event.met) == (12.0, 11.0, "node", False)
    assert [figure.met for figure in found.figures[-2:]] == [None, None]
