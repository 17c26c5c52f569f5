"""Regular expressions that cannot run away: time grows with the text times the pattern, whatever they say.

Python's own matcher tries alternatives one after another: `(a+)+$` on thirty letters holds up everything for
minutes. Here all alternatives advance together (Thompson, CACM 11:6, 1968); the syntax is read by Python.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # the only way to read `re`'s syntax
from typing import Any

from forge.domain.errors import Invalid

ALPHABET = string.ascii_letters + string.digits + "._-"  # what a tag is made of
_MOST = 2000  # parts once counted repetitions are written out; `v\d{1,4}\.\d{1,4}` has 20

_ONE_CHARACTER = {_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN}
_REPEAT = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}  # greedy or not is the same for a match of the whole
_AT_START = {_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING}
_AT_END = {_constants.AT_END, _constants.AT_END_STRING}


@dataclass(slots=True)
class _State:
    """Goes on to `then` on one of `characters`; at once if that is None, `only_at` the start or end if it says so."""

    then: list[_State]
    characters: frozenset[str] | None = None
    only_at: str = ""


def compile_tag_regex(text: str) -> Callable[[str], bool]:
    """A function that says whether the whole of a tag matches `text`. Raise Invalid.

    Refused is what one look at each letter cannot tell: back-references, looking ahead or behind, word boundaries.
    """
    try:
        parsed = _parser.parse(text)
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        raise _refused(text, str(error)) from error
    end = _State([])
    start = _Program(text, parsed.state).chain(parsed, end)
    return lambda tag: _matches(start, end, tag)


def _matches(start: _State, end: _State, text: str) -> bool:
    now = _reached([start], at_start=True, at_end=not text)
    for position, character in enumerate(text, 1):
        after = [then for state in now if state.characters and character in state.characters for then in state.then]
        now = _reached(after, at_start=False, at_end=position == len(text))
    return any(state is end for state in now)


def _reached(states: list[_State], *, at_start: bool, at_end: bool) -> list[_State]:
    """`states` and all that follow from them without another character."""
    seen: dict[int, _State] = {}
    while states:
        state = states.pop()
        if id(state) in seen or (state.only_at == "start" and not at_start) or (state.only_at == "end" and not at_end):
            continue
        seen[id(state)] = state
        if state.characters is None:
            states.extend(state.then)
    return list(seen.values())


class _Program:
    """Turns what `re` parsed into states, from the last to the first."""

    def __init__(self, text: str, parsed: Any) -> None:
        self._text = text
        self._parsed = parsed
        self._size = 0

    def chain(self, items: Any, then: _State) -> _State:
        """The state to be in before `items`, if `then` is the one after them."""
        self._grow()
        for op, value in reversed(list(items)):
            then = self._one(op, value, then)
        return then

    def _one(self, op: Any, value: Any, then: _State) -> _State:
        self._grow()
        if op in _ONE_CHARACTER:
            return _State([then], characters=self._characters(op, value))
        if op in _REPEAT:
            return self._repeat(value, then)
        if op is _constants.BRANCH:
            return _State([self.chain(branch, then) for branch in value[1]])
        if op is _constants.SUBPATTERN and not value[1] and not value[2]:
            return self.chain(value[3], then)
        if op is _constants.AT and value in _AT_START | _AT_END:
            return _State([then], only_at="start" if value in _AT_START else "end")
        name = str(value if op is _constants.AT else op).lower().replace("_", " ").replace("subpattern", "inner flags")
        raise _refused(self._text, f"“{name}” cannot be used here")

    def _repeat(self, repetition: tuple[int, int, Any], then: _State) -> _State:
        low, high, body = repetition
        entry = then
        if high is _constants.MAXREPEAT:
            entry = _State([then])
            entry.then.append(self.chain(body, entry))
        else:
            for _ in range(high - low):
                entry = _State([then, self.chain(body, entry)])
        for _ in range(low):
            entry = self.chain(body, entry)
        return entry

    def _characters(self, op: Any, value: Any) -> frozenset[str]:
        one = _compiler.compile(_parser.SubPattern(self._parsed, [(op, value)]))
        return frozenset(character for character in ALPHABET if one.match(character))

    def _grow(self) -> None:
        self._size += 1
        if self._size > _MOST:
            raise _refused(self._text, "it repeats too much")


def _refused(text: str, why: str) -> Invalid:
    return Invalid(f"“{text[:80]}” is no regular expression for tags: {why}", fields={"pattern": why})
