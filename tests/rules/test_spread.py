"""Tests in two processes: what shares something stays together, and what takes long is begun first."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import spread


@pytest.mark.parametrize(("one", "other", "together"), [
    ("tests/e2e/test_a.py::x", "tests/e2e/test_a.py::y[2]", True),
    ("tests/e2e/test_a.py::x", "tests/e2e/test_b.py::x", False),
    ("tests/frozen/test_a.py::x", "tests/frozen/test_b.py::y", True),
])  # fmt: skip
def test_a_file_is_one_piece_of_work_and_so_is_what_the_executable_is_built_for(one, other, together):
    scope = spread.ByFile._split_scope
    assert (scope(None, one) == scope(None, other)) is together


def test_stories_are_begun_before_quick_tests_and_each_in_its_order():
    names = [
        "tests/unit/test_a.py::z",
        "tests/e2e/test_b.py::b",
        "tests/unit/test_a.py::a",
        "tests/frozen/test_c.py::c",
    ]
    items = [SimpleNamespace(nodeid=name) for name in names]
    spread.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [names[3], names[1], names[0], names[2]]
