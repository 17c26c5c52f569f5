"""A YAML text as a tree in which every value knows its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import yaml

from forge.domain.errors import Conflict, ForgeError, Invalid

SIZE_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 20  # Forge's own files need nine

V = TypeVar("V")

# libyaml reads a megabyte in a tenth of the time; where it was not built, the other reads the same language
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:int": "number",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:bool": "boolean",
    "tag:yaml.org,2002:null": "nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A value where it stands. `kind`: text, number, boolean, nothing, list, mapping; `text` is a scalar as it was
    written, `path` how a person says the place (projects.shop.port), line and column count from 1.
    """

    kind: str
    path: str
    line: int
    column: int
    text: str = ""
    items: tuple[Item, ...] = ()
    keys: dict[str, Item] = field(default_factory=dict)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def wrong(self, sentence: str) -> Invalid:
        """The error for this value, to be raised."""
        return Invalid(f"{self.where}{sentence}", fields={self.path or "yaml": sentence})

    @property
    def where(self) -> str:
        """How a sentence about this place begins; a value that stands in no file has line 0, and no place."""
        return f"Line {self.line}, column {self.column}: " if self.line else ""

    def unknown(self, key: str, known: Iterable[str]) -> Invalid:
        """The error for a key of this mapping that means nothing here, with the nearest one that does."""
        line, column = self.places[key]
        spot = replace(self, line=line, column=column)
        names = list(known)
        near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
        hint = f"did you mean “{near[0]}”?" if near else f"known are {', '.join(names)}."
        where = f" in {self.path}" if self.path else ""
        sentence = f"There is no “{key[:60]}”{where}: {hint}"
        return Invalid(f"{spot.where}{sentence}", fields={_join(self.path, key): sentence})

    def at(self, path: str) -> Item:
        """The value at a dotted `path` below this one, or the nearest there is on the way."""
        here = self
        for part in path.split("."):
            here = here.keys.get(part, here)
        return here

    def named(self) -> Iterator[tuple[str, Item]]:
        """Each name of this mapping with its value, which then stands where its name does."""
        for name, value in self.keys.items():
            line, column = self.places[name]
            yield name, replace(value, line=line, column=column)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Errors from inside are told with the line and column of the field they name."""
        try:
            yield
        except Conflict as error:
            place = self.at(next(iter(error.fields), ""))
            raise Conflict(f"{place.where}{error.message}", code=error.code, fields=error.fields) from error
        except ForgeError as error:
            raise self.at(next(iter(error.fields), "")).wrong(error.message) from error

    def read(self, reader: Callable[[str], V]) -> V:
        """What `reader` makes of the text; its ValueError is told with this place."""
        try:
            return reader(self.text)
        except ValueError as error:
            raise self.wrong(str(error)) from error


def read_tree(text: str) -> Item:
    """The tree of one YAML document; an empty text is an empty mapping.

    Raise Invalid with line and column: no YAML, too large, too deep, a key twice, an alias, a tag, a second document.
    """
    if len(text.encode("utf-8", "surrogatepass")) > SIZE_LIMIT:
        raise Invalid("The file is larger than 1 MiB: is it the right one?", fields={"yaml": "too large"})
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _no_yaml(error) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Invalid(f"This is no YAML: {' '.join(str(error).split())[:200]}", fields={"yaml": "no YAML"}) from error
    return _item(node, "") if node is not None else Item(kind="mapping", path="", line=1, column=1)


def _check_events(text: str) -> None:
    """Before anything recursive looks at it: what could eat the stack or the memory, or run code."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > DEPTH_LIMIT:
            raise _refused(event, f"this is nested more than {DEPTH_LIMIT} deep.")
        if documents > 1:
            raise _refused(event, "a second document begins here: put all into one.")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(event, "anchors and aliases (& and *) are not read: write the value out.")
        if getattr(event, "tag", None):
            raise _refused(event, "tags (such as !!str) are not read: leave it out, or quote the value.")


def _refused(event: yaml.Event, sentence: str) -> Invalid:
    return Invalid(f"{_where(event.start_mark)}{sentence}", fields={"yaml": sentence})


def _no_yaml(error: yaml.MarkedYAMLError) -> Invalid:
    mark = error.problem_mark or error.context_mark
    said = (error.problem or error.context or "it cannot be read").strip()
    return Invalid(f"{_where(mark)}this is no YAML: {said[:200]}.", fields={"yaml": said[:200]})


def _where(mark: Any) -> str:
    return f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _item(node: yaml.Node, path: str) -> Item:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path)
    if isinstance(node, yaml.SequenceNode):
        items = tuple(_item(child, f"{path}[{index}]") for index, child in enumerate(node.value))
        return Item(kind="list", path=path, line=line, column=column, items=items)
    kind = _SCALARS.get(node.tag, "text")  # a date is text to us, as it was written
    return Item(kind=kind, path=path, line=line, column=column, text=node.value)


def _mapping(node: yaml.MappingNode, path: str) -> Item:
    keys: dict[str, Item] = {}
    places: dict[str, tuple[int, int]] = {}
    here = Item(
        kind="mapping", path=path, line=node.start_mark.line + 1, column=node.start_mark.column + 1, keys=keys,
        places=places,
    )  # fmt: skip
    for key, value in node.value:
        line, column = key.start_mark.line + 1, key.start_mark.column + 1
        spot = Item(kind="text", path=path, line=line, column=column)
        if not isinstance(key, yaml.ScalarNode):
            raise spot.wrong("a key must be plain text.")
        if key.value in keys:
            before = places[key.value][0]
            raise spot.wrong(f"“{key.value[:60]}” stands here a second time; the first is in line {before}.")
        keys[key.value] = _item(value, _join(path, key.value))
        places[key.value] = (line, column)
    return here


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
