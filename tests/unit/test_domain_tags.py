"""Which tags belong to a stage, and which is the newest."""

from __future__ import annotations

import fnmatch
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.domain.image import is_tag
from forge.domain.semver import parse_version
from forge.domain.tags import PatternKind, TagPattern, newest_first, parse_pattern

tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("pattern", "tag", "belongs"),
    [
        ("*", "anything", True),
        ("dev-*", "dev-1", True),
        ("dev-*", "xdev-1", False),
        ("dev-*", "DEV-1", False),
        ("v?.[0-9]", "v1.2", True),
        ("v?.[!0-9]", "v1.2", False),
        ("latest", "latest", True),
        ("latest", "latest-2", False),
        (r"regex:dev-\d+", "dev-12", True),
        (r"regex:dev-\d+", "dev-12b", False),
        (r"regex:dev-\d+", "a-dev-12", False),
        ("regex:v1|v2", "v1x", False),
        ("semver:^1.2", "v1.9.0", True),
        ("semver:^1.2", "2.0.0", False),
        ("semver:^1.2", "1.9", False),
        ("semver:*", "latest", False),
    ],
)
def test_which_tags_belong(pattern, tag, belongs):
    assert parse_pattern(pattern).matches(tag) is belongs


@given(st.sampled_from(list(PatternKind)), st.sampled_from(["^1.2", "1.x", "*", "latest"]))
def test_a_pattern_is_read_back_from_its_text(kind, text):
    if kind is PatternKind.GLOB or text not in {"*", "latest"}:
        pattern = TagPattern(kind, text)
        assert parse_pattern(str(pattern)) == pattern


def test_a_colon_without_a_kind_is_part_of_a_glob():
    assert parse_pattern("foo:bar") == TagPattern(PatternKind.GLOB, "foo:bar")


@pytest.mark.parametrize("pattern", ["", "regex:", "semver:", "semver:a", "regex:(", "x" * 201, r"regex:(a)\1"])
def test_a_pattern_that_cannot_be_read_is_refused_with_its_field(pattern):
    with pytest.raises(Invalid) as caught:
        parse_pattern(pattern)
    assert list(caught.value.fields) == ["pattern"]


@given(st.text(st.sampled_from("ab*?[]!-."), min_size=1, max_size=12), tags)
def test_a_glob_is_read_as_everywhere(glob, tag):
    assert TagPattern(PatternKind.GLOB, glob).matches(tag) is fnmatch.fnmatchcase(tag, glob)


def test_a_hostile_glob_is_quick():
    began = time.thread_time()
    assert not TagPattern(PatternKind.GLOB, "*a" * 60 + "b").matches("a" * 128)
    assert time.thread_time() - began < 1


@given(st.text(min_size=1, max_size=30), tags)
def test_a_pattern_for_one_tag_matches_that_one_only(text, tag):
    pattern = TagPattern(PatternKind.GLOB, text)
    if pattern.one_tag is not None:
        assert pattern.matches(pattern.one_tag)
        assert pattern.matches(tag) is (tag == pattern.one_tag)


def test_only_a_plain_glob_is_for_one_tag():
    assert parse_pattern("latest").one_tag == "latest"
    assert [parse_pattern(p).one_tag for p in ("v*", "v?", "v[1]", "regex:latest", "semver:1.2.3")] == [None] * 5


# ---- order


def test_versions_are_ordered_by_precedence_whatever_their_time():
    created = {"v1.2.0": 9.0, "v1.10.0": 1.0}
    found = newest_first(parse_pattern("semver:*"), ["v1.2.0", "v1.10.0-rc.1", "junk", "v1.10.0"], created)
    assert found == ["v1.10.0", "v1.10.0-rc.1", "v1.2.0", "junk"]


def test_other_tags_are_ordered_by_time_and_unknown_times_are_oldest():
    created = {"b": 1.0, "a": 2.0}
    assert newest_first(parse_pattern("*"), ["c", "b", "a"], created) == ["a", "b", "c"]


def test_equals_are_ordered_naturally():
    shuffled = ["dev-9", "dev-10", "dev-2", "dev-1-b", "dev-1-a"]
    assert newest_first(parse_pattern("*"), shuffled, {}) == ["dev-10", "dev-9", "dev-2", "dev-1-b", "dev-1-a"]


@given(st.lists(st.text(max_size=15), unique=True, max_size=10), st.data())
def test_the_order_does_not_depend_on_how_the_tags_came(found, data):
    created = data.draw(st.dictionaries(st.sampled_from(found), st.floats(0, 10))) if found else {}
    shuffled = data.draw(st.permutations(found))
    for pattern in (parse_pattern("*"), parse_pattern("semver:*")):
        ordered = newest_first(pattern, found, created)
        assert sorted(ordered) == sorted(found)
        assert [created.get(t, 0.0) for t in ordered] == sorted((created.get(t, 0.0) for t in found), reverse=True) or (
            pattern.kind is PatternKind.SEMVER
        )
        if all(map(is_tag, found)):
            assert newest_first(pattern, shuffled, created) == ordered


@given(st.lists(st.from_regex(r"v?[0-3]\.[0-3]\.[0-3](-rc\.[0-9])?", fullmatch=True), max_size=10))
def test_of_versions_the_first_is_never_below_another(found):
    ordered = newest_first(parse_pattern("semver:*"), found, {})
    read = [parse_version(tag) for tag in ordered]
    assert all(a >= b for a, b in itertools.pairwise(read))
