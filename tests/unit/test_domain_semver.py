"""Versions and ranges, held against an independent reading of npm's grammar and against npm's own examples."""

from __future__ import annotations

import contextlib
import itertools

import pytest
import semantic_version
from hypothesis import assume, given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.domain.semver import Version, parse_range, parse_version

numbers = st.integers(0, 4)
cores = st.tuples(numbers, numbers, numbers).map(lambda core: ".".join(map(str, core)))
pre_releases = st.sampled_from(["", "-0", "-1", "-rc", "-rc.1", "-rc.2", "-alpha.10", "-beta-x"])
versions = st.tuples(cores, pre_releases).map("".join)

parts = st.one_of(numbers.map(str), st.sampled_from("xX*"))
partials = st.lists(parts, min_size=1, max_size=3).map(".".join)
operators = st.sampled_from(["", "=", "^", "~", ">", ">=", "<", "<="])


def _ranges(one):
    """Ranges of `one` with operators, with hyphens, several that must all hold, and alternatives."""
    hyphens = st.tuples(one, one).map(" - ".join)
    terms = st.tuples(operators, one).map("".join)
    every = st.lists(terms, min_size=1, max_size=2).map(" ".join)
    return st.lists(st.one_of(every, every, every, hyphens), min_size=1, max_size=2).map(" || ".join)


def _oracle(text):
    try:
        return semantic_version.NpmSpec(text)
    except ValueError:
        return None


@given(_ranges(partials), st.lists(cores, min_size=5, max_size=20))
def test_a_range_holds_the_releases_that_the_oracle_says(text, candidates):
    oracle = _oracle(text)
    assume(oracle is not None)
    ours = parse_range(text)
    for candidate in candidates:
        assert ours.holds(parse_version(candidate)) == (semantic_version.Version(candidate) in oracle), candidate


def _mistake(operator, bound, candidate):
    """Why the oracle is wrong about pre-releases, by npm's documentation and semver.org §11; None where it is right."""
    core, dash, _ = bound.partition("-")
    if dash and operator in {"", "="} and candidate == core:
        return "a release is above its pre-releases"
    if dash and operator == "~" and "-" not in candidate and candidate > core and candidate[:4] == core[:4]:
        return "~1.2.3-beta.2 is >=1.2.3-beta.2 <1.3.0-0"
    return None


@pytest.mark.parametrize("operator", ["", "=", "^", "~", ">", ">="])  # its < takes 1.0.0-rc for <1.0.0-rc
def test_pre_releases_are_held_as_the_oracle_says_but_for_its_known_mistakes(operator):
    some = [
        f"{core}{pre}" for core in ("0.0.0", "0.0.1", "1.1.0", "1.1.1", "1.2.0", "2.0.0") for pre in ("", "-0", "-rc")
    ]
    for bound in some:
        ours, oracle = parse_range(operator + bound), semantic_version.NpmSpec(operator + bound)
        for candidate in some:
            agreed = ours.holds(parse_version(candidate)) == (semantic_version.Version(candidate) in oracle)
            assert agreed == (_mistake(operator, bound, candidate) is None), (bound, candidate)


@given(_ranges(partials), versions.filter(lambda version: "-" in version))
def test_a_range_without_a_pre_release_never_holds_one(text, candidate):
    assert not parse_range(text).holds(parse_version(candidate))


@pytest.mark.parametrize(
    ("text", "candidate", "why"),
    [
        ("=1.1.0-rc", "1.1.0", "another version than the one that was named"),
        ("<=1.1.0-rc", "1.1.0", "a release is above its pre-releases"),
        ("<1.1.0", "1.1.0-rc", "no pre-release was named"),
        ("<2", "2.0.0-rc", "npm reads <2.0.0-0: a pre-release of 2 is no 1"),
        ("<=1", "2.0.0-rc", "npm reads <2.0.0-0"),
    ],
)
def test_where_the_oracle_is_laxer_than_npm_we_follow_npm(text, candidate, why):
    assert semantic_version.Version(candidate) in semantic_version.NpmSpec(text)
    assert not parse_range(text).holds(parse_version(candidate)), why


@pytest.mark.parametrize("text", ["<=1.1.0-rc.2", "<1.1.0-rc.2", "1.0.0 - 1.1.0-rc.2", ">=1 <1.1.0-rc.2"])
def test_a_pre_release_is_held_by_an_upper_bound_that_names_one_of_its_core(text):
    assert parse_range(text).holds(parse_version("1.1.0-rc.1"))
    assert not parse_range(text).holds(parse_version("1.1.0-rc.3"))
    assert not parse_range(text).holds(parse_version("1.0.5-rc.1"))


@pytest.mark.parametrize("text", ["^*", "~x", "<x", "^v1", "^ 1.2", ">= 1 < 2"])
def test_where_the_oracle_is_stricter_than_npm_we_follow_npm(text):
    assert _oracle(text) is None
    parse_range(text)


# From the documentation of npm's `semver`, "Advanced Range Syntax": range → what it desugars to.
DESUGARED = [
    ("1.2.3 - 2.3.4", ">=1.2.3 <=2.3.4"),
    ("1.2 - 2.3.4", ">=1.2.0 <=2.3.4"),
    ("1.2.3 - 2.3", ">=1.2.3 <2.4.0-0"),
    ("1.2.3 - 2", ">=1.2.3 <3.0.0-0"),
    ("*", ">=0.0.0"),
    ("", ">=0.0.0"),
    ("1.x", ">=1.0.0 <2.0.0-0"),
    ("1.2.x", ">=1.2.0 <1.3.0-0"),
    ("1", ">=1.0.0 <2.0.0-0"),
    ("~1.2.3", ">=1.2.3 <1.3.0-0"),
    ("~1.2", ">=1.2.0 <1.3.0-0"),
    ("~1", ">=1.0.0 <2.0.0-0"),
    ("~0.2.3", ">=0.2.3 <0.3.0-0"),
    ("~1.2.3-beta.2", ">=1.2.3-beta.2 <1.3.0-0"),
    ("^1.2.3", ">=1.2.3 <2.0.0-0"),
    ("^0.2.3", ">=0.2.3 <0.3.0-0"),
    ("^0.0.3", ">=0.0.3 <0.0.4-0"),
    ("^1.2.3-beta.2", ">=1.2.3-beta.2 <2.0.0-0"),
    ("^0.0.3-beta", ">=0.0.3-beta <0.0.4-0"),
    ("^1.2.x", ">=1.2.0 <2.0.0-0"),
    ("^0.0.x", ">=0.0.0 <0.1.0-0"),
    ("^0.0", ">=0.0.0 <0.1.0-0"),
    ("^1.x", ">=1.0.0 <2.0.0-0"),
    ("^0.x", ">=0.0.0 <1.0.0-0"),
    (">1.2", ">=1.3.0"),
    (">*", "<0.0.0-0"),
]


@pytest.mark.parametrize(("text", "plain"), DESUGARED)
def test_a_range_is_what_npm_says_it_is(text, plain):
    assert parse_range(text) == parse_range(plain)


def test_a_pre_release_counts_only_beside_one_of_the_same_core():
    wanted = parse_range("^1.2.3-beta.2")
    held = [
        v
        for v in ("1.2.3-beta.1", "1.2.3-beta.4", "1.2.4-beta.4", "1.2.4", "2.0.0-0")
        if wanted.holds(parse_version(v))
    ]
    assert held == ["1.2.3-beta.4", "1.2.4"]


@pytest.mark.parametrize(
    "text", ["a", "1.2.3.4", "^^1", "1 -", "- 1", ">=1<2", "1.2.3-", "01", "1 & 2", "1 - 2 - 3", "|"]
)
def test_what_is_no_range_is_refused_with_its_field(text):
    with pytest.raises(Invalid, match="is no version range") as caught:
        parse_range(text)
    assert list(caught.value.fields) == ["pattern"]


@given(st.text(st.sampled_from("0123456789.^~<>=|-xX* v+ab"), max_size=40))
def test_junk_is_a_range_or_refused_and_never_crashes(text):
    with contextlib.suppress(Invalid):
        parse_range(text).holds(Version(1, 2, 3))


# ---- versions


@given(st.lists(versions, max_size=30))
def test_versions_are_ordered_as_the_oracle_orders_them(texts):
    assert sorted(texts, key=parse_version) == sorted(texts, key=semantic_version.Version)


def test_the_order_of_the_standard():
    """semver.org 2.0.0, §11.4."""
    texts = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
    ]
    texts.append("1.0.0")
    assert all(parse_version(a) < parse_version(b) for a, b in itertools.combinations(texts, 2))


@given(st.text(st.sampled_from("0123456789.-+rc"), max_size=20))
def test_a_version_is_one_exactly_where_the_oracle_says(text):
    try:
        oracle = semantic_version.Version(text)
    except ValueError:
        assert parse_version(text) is None
    else:
        assert parse_version(text) == Version(oracle.major, oracle.minor, oracle.patch, oracle.prerelease)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.2.3", Version(1, 2, 3)),
        ("1.2.3+build.5", Version(1, 2, 3)),
        ("1.2.3-rc.1+b", Version(1, 2, 3, ("rc", "1"))),
        ("1.2", None),
        ("V1.2.3", None),
        ("01.2.3", None),
        ("1.2.3-01", None),
        ("1.2.3\n", None),
        ("\u0661.2.3", None),
        ("1.2." + "9" * 17, None),
    ],
)
def test_what_is_a_version(text, version):
    assert parse_version(text) == version
