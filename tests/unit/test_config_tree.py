"""YAML with places, and everything that must not be in it."""

from __future__ import annotations

import itertools
import time

import pytest

from forge.config.tree import read_tree
from forge.domain.errors import Conflict, Invalid, NotFound


def test_every_value_knows_its_line_and_column():
    tree = read_tree("projects:\n  shop:\n    port: 8080\n")
    port = tree.at("projects.shop.port")
    assert (port.kind, port.text, port.line, port.column, port.path) == ("number", "8080", 3, 11, "projects.shop.port")


def test_an_empty_file_is_an_empty_mapping():
    assert read_tree("# nothing\n").kind == "mapping"


@pytest.mark.parametrize(
    ("text", "kind"), [("yes", "boolean"), ("2.5", "number"), ("'8'", "text"), ("~", "nothing"), ("2026-01-31", "text")]
)
def test_a_scalar_keeps_how_it_was_written(text, kind):
    item = read_tree(f"a: {text}").keys["a"]
    assert (item.kind, item.text) == (kind, text.strip("'"))


@pytest.mark.promise("parsers")
@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("a: 1\na: 2\n", "Line 2, column 1", "a second time; the first is in line 1"),
        ("a: &x [1]\nb: *x\n", "Line 1, column 4", "anchors and aliases"),
        ("a: *x\n", "Line 1, column 4", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]\n", "Line 1, column 4", "tags"),
        ("a: !!str 1\n", "Line 1, column 4", "tags"),
        ("a: 1\n---\nb: 2\n", "Line 2, column 1", "second document"),
        ("a: [1\nb: 2\n", "Line 2", "no YAML"),
        ("a: 1\n\tb: 2\n", "Line 2", "no YAML"),
        ("? [1, 2]\n: 3\n", "Line 1, column 3", "a key must be plain text"),
        ("[" * 50 + "]" * 50, "Line 1, column 21", "more than 20 deep"),
    ],
)
def test_what_does_not_belong_in_a_file_is_told_with_its_place(text, where, said):
    with pytest.raises(Invalid) as caught:
        read_tree(text)
    assert caught.value.message.startswith(where)
    assert said in caught.value.message


def test_a_control_character_is_told_as_no_yaml():
    with pytest.raises(Invalid, match="no YAML"):
        read_tree("a: \x00")


@pytest.mark.promise("parsers")
def test_a_billion_laughs_are_refused_at_the_first_anchor():
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in itertools.pairwise("abcdefghi")
    )
    begun = time.monotonic()
    with pytest.raises(Invalid, match="anchors"):
        read_tree(laughs)
    assert time.monotonic() - begun < 1


@pytest.mark.promise("parsers")
def test_a_nest_as_deep_as_the_file_may_be_long_is_refused_at_once():
    begun = time.monotonic()
    with pytest.raises(Invalid, match="deep"):
        read_tree("[" * 1_000_000)
    assert time.monotonic() - begun < 5


def test_a_file_over_the_limit_is_not_looked_at():
    with pytest.raises(Invalid, match="1 MiB"):
        read_tree("a: " + "x" * (1 << 20))


def test_an_unknown_key_is_told_with_the_nearest_known_one():
    error = read_tree("imgae: x").unknown("imgae", ["image", "port"])
    assert error.message == "Line 1, column 1: There is no “imgae”: did you mean “image”?"
    assert list(error.fields) == ["imgae"]


def test_a_key_like_no_other_is_told_what_is_known():
    assert "known are image, port." in read_tree("zzz: x").unknown("zzz", ["image", "port"]).message


def test_an_error_is_told_at_the_field_that_it_names():
    tree = read_tree("a:\n  health:\n    path: x\n")
    with pytest.raises(Invalid) as caught, tree.keys["a"].located():
        raise Invalid("No path", fields={"health.path": "no"})
    assert caught.value.message == "Line 3, column 11: No path"


def test_a_conflict_stays_one_and_everything_else_is_invalid():
    tree = read_tree("a: 1")
    with pytest.raises(Conflict, match=r"Line 1, column 1: taken") as caught, tree.located():
        raise Conflict("taken", code="domain_taken")
    assert caught.value.code == "domain_taken"
    with pytest.raises(Invalid, match="Line 1, column 1: none"), tree.located():
        raise NotFound("none")
