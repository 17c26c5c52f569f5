"""Regular expressions for tags: the language is Python's, the time is not."""

from __future__ import annotations

import contextlib
import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.domain.regex import ALPHABET, compile_tag_regex

atoms = st.sampled_from(["a", "b", "ab", ".", "[ab]", "[^a]", r"\d", r"\w", r"\.", "1", "^", "$", "()", "-"])
regexes = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@given(regexes, st.lists(st.text(st.sampled_from("ab1.-Z"), max_size=7), min_size=5, max_size=15))
def test_a_tag_matches_exactly_where_pythons_own_matcher_says(text, tags):
    matches, oracle = compile_tag_regex(text), re.compile(text)
    for tag in tags:
        assert matches(tag) == (oracle.fullmatch(tag) is not None), tag


@given(
    st.sampled_from(ALPHABET),
    st.sampled_from([r"\d", r"\w", r"\S", r"\W", "[a-f0-9]", "[^_.]", ".", "(?i)[a-c]", "(?i)K"]),
)
def test_a_class_holds_the_letters_that_python_says(letter, text):
    assert compile_tag_regex(text)(letter) == (re.fullmatch(text, letter) is not None)


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+$",
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+$",
        "(.*a){20}",
        "(a?){50}a{50}",
        "(.*)*.*(.*)*-",
        r"(\w+\w+)+-",
        ".*.*.*.*.*.*-",
    ],
)
def test_what_would_hold_up_pythons_matcher_is_quick(text):
    began = time.thread_time()
    compile_tag_regex(text)("a" * 127 + "!")
    assert time.thread_time() - began < 1  # Python's own takes longer than the universe has


@pytest.mark.parametrize(
    "text", ["(){4000000000}", "(((){2000}){2000}){2000}", "a{65535}", "((a{99}){99}){99}", "(a{0,999}){0,9}"]
)
def test_what_would_fill_the_memory_is_refused_at_once(text):
    began = time.thread_time()
    with pytest.raises(Invalid, match="it repeats too much"):
        compile_tag_regex(text)
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"(a)\1", "“groupref” cannot be used here"),
        ("(?=a)a", "“assert” cannot be used here"),
        ("(?<!a)b", "“assert not” cannot be used here"),
        (r"\bdev", "“at boundary” cannot be used here"),
        ("(?>a)", "“atomic group” cannot be used here"),
        ("a++", "“possessive repeat” cannot be used here"),
        ("(?i:a)", "“inner flags” cannot be used here"),
        ("(a)?(?(1)b)", "“groupref exists” cannot be used here"),
        ("(", "missing \\)"),
        ("a{9999999999}", "too large"),
        ("(?L)a", "cannot use 'L' flag"),
        ("(?au)a", "incompatible"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason_and_field(text, why):
    with pytest.raises(Invalid, match=why) as caught:
        compile_tag_regex(text)
    assert list(caught.value.fields) == ["pattern"]


@given(st.text(st.sampled_from("ab1()[]{}|*+?.^$\\-,:=!<>PidwsSbAZ#"), max_size=25))
def test_junk_is_an_expression_or_refused_and_never_crashes(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of sets within sets, which Python may read one day
        with contextlib.suppress(Invalid):
            assert compile_tag_regex(text)("ab-1") in {True, False}


def test_letters_that_no_tag_has_match_nothing():
    assert not compile_tag_regex(".*")("ü")
    assert not compile_tag_regex("a$")("a\n")
    assert not compile_tag_regex("a/b")("ab")
