"""SECURITY.md promises nothing that no test backs, and no test backs what is not promised."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from tests import promises
from tests.promises import ELSEWHERE, ROOT, backed, promised, table


def test_every_promise_is_backed_by_a_test():
    assert promised(), "SECURITY.md has no table of promises: this test looks at the wrong place."
    assert {name: sorted(backed()[name]) for name in promised() if not backed()[name]} == {}


def test_every_test_that_backs_a_promise_names_one_that_is_made():
    assert set(backed()) - set(promised()) == set()


def test_every_file_that_is_named_is_there():
    assert [file for file in ELSEWHERE if not (ROOT / file).is_file()] == []


def test_a_failure_and_a_promise_that_was_not_shown_are_plain_to_see():
    made = table({"a": "A holds", "b": "B holds", "c": "C holds"}, {
        "a": {"tests/x.py::one": Counter(passed=3), "tests/x.py::two": Counter(passed=1)},
        "b": {"tests/y.py::one": Counter(passed=1, failed=2)},
    })  # fmt: skip
    assert "| A holds | `tests/x.py` (2) | 4 | passed |" in made
    assert "| B holds | `tests/y.py` (1) | 3 | **2 failed** |" in made
    assert "| C holds | nothing | 0 | not run |" in made


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A run in which one promise was backed by two files; ends it and says whether the table was written."""
    files = {"no-shell": {"tests/x.py", "tests/y.py"}}
    seen = {"no-shell": {"tests/x.py::one": Counter(passed=1), "tests/y.py::two": Counter(passed=1)}}
    for name, value in {"backed": lambda: files, "_seen": seen, "TABLE": tmp_path / "table", "_narrowed": []}.items():
        monkeypatch.setattr(promises, name, value)

    def end(*args):
        promises.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(args=args)))
        return (tmp_path / "table").exists()

    return end


def test_the_table_is_written_when_all_of_it_was_run(run):
    assert run("tests")


def test_a_run_of_some_tests_leaves_the_table_alone(run, monkeypatch):
    assert not run("tests/x.py::one")
    monkeypatch.setattr(promises, "_narrowed", ["tests/x.py::two"])
    assert not run("tests")
    monkeypatch.setattr(promises, "_narrowed", [])
    del promises._seen["no-shell"]["tests/y.py::two"]
    assert not run("tests")


def test_what_one_of_several_processes_left_out_counts_as_left_out(run):
    promises.pytest_testnodedown(SimpleNamespace(workeroutput={"narrowed": ["tests/x.py::two"]}))
    assert not run("tests")


def test_one_of_several_processes_hands_on_what_it_left_out(run, monkeypatch):
    monkeypatch.setattr(promises, "_narrowed", ["tests/x.py::two"])
    handed = {}
    promises.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(args=["tests"], workeroutput=handed)))
    assert handed == {"narrowed": ["tests/x.py::two"]}


def test_a_test_counts_by_what_its_report_says(run):
    report = SimpleNamespace(when="call", outcome="failed", nodeid="tests/x.py::one[3]", promises=["no-shell"])
    promises.pytest_runtest_logreport(report)
    assert promises._seen["no-shell"]["tests/x.py::one"] == Counter(passed=1, failed=1)
