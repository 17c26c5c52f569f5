"""KEY=VALUE on the command line: the keys and the friendly values of the configuration file, made into JSON."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import click
import msgspec

from forge.config.shapes import PAIRS, Form, Shape
from forge.config.tree import Item, read_tree
from forge.domain.errors import Invalid
from forge.domain.tags import TagPattern

HELP = """KEY=VALUE has the keys of the configuration file: port=8080, health.path=/up, environment.DEBUG=1,
limits.memory=512MiB, drain=5s, aliases=a,b. KEY= sets a key back to its default, environment.NAME- takes a variable
away."""

_BOOLEANS = {"true", "false", "yes", "no", "on", "off"}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def overlay(body: Mapping[str, Any], given: Iterable[str], shape: Shape) -> dict[str, Any]:
    """`body` with each KEY=VALUE of `given`; raise UsageError, with the nearest key for an unknown one, or Invalid."""
    made = dict(body)
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals and not key.endswith("-"):
            raise click.UsageError(f"“{pair[:60]}” is no KEY=VALUE.")
        name, dot, inner = key.removesuffix("-").partition(".") if not equals else key.partition(".")
        form = _form(shape, name)
        if not dot:
            _put(made, name, form, text)
        elif form.shape is not None:
            below = dict(made.get(name) or {})
            _put(below, inner, _form(form.shape, inner, f"{name}."), text)
            made[name] = below
        else:
            made[name] = _pairs(made.get(name) or {}, name, form, inner, text if equals else None)
    return made


def secrets(given: Iterable[str]) -> dict[str, str | None]:
    """NAME (asked for, or read from the variable NAME), NAME=VARIABLE, or NAME- to take it away → value."""
    found: dict[str, str | None] = {}
    for one in given:
        name, equals, variable = one.partition("=")
        if name.endswith("-") and not equals:
            found[name.removesuffix("-")] = None
        else:
            found[name] = secret_value(variable or name, f"Secret {name}", ask=not equals)
    return found


def secret_value(variable: str, what: str, *, ask: bool) -> str:
    """The value of an environment variable, else (`ask`) typed by a person, unseen. Raise UsageError."""
    value = os.environ.get(variable, "")
    if value:
        return value
    if not ask:
        raise click.UsageError(f"The environment variable {variable} is not set.")
    return str(click.prompt(what, hide_input=True, err=True))


def wire(value: Any) -> Any:
    """A value of the domain as the API takes it."""
    if isinstance(value, tuple):
        return [wire(one) for one in value]
    return str(value) if isinstance(value, TagPattern) else msgspec.to_builtins(value)


def _form(shape: Shape, name: str, before: str = "") -> Form:
    if name not in shape:
        item = Item(kind="mapping", path="", line=0, column=0, places={name: (0, 0)})
        raise click.UsageError(item.unknown(name, shape).message.replace(f"“{name}”", f"“{before}{name}”"))
    return shape[name]


def _put(body: dict[str, Any], name: str, form: Form, text: str) -> None:
    """An empty text sets back to the default: what is left out gets it."""
    if text:
        body[name] = wire(_read(name, form, text))
    else:
        body.pop(name, None)


def _pairs(before: Mapping[str, str], name: str, form: Form, inner: str, text: str | None) -> dict[str, str]:
    if form is not PAIRS:
        raise click.UsageError(f"“{name}” has no keys of its own: write {name}=VALUE.")
    return {key: value for key, value in {**before, inner: text}.items() if value is not None}


def _read(name: str, form: Form, text: str) -> Any:
    """Text as it would be read in a file; lists also as a,b. `{stage}.x` and `[0-9]*` are no YAML, but good text."""
    if not text.startswith(("[", "{")):
        return form.read(_item(name, text))
    try:
        return form.read(read_tree(f"{name}: {text if text.startswith('[') else f'[{text}]'}").keys[name])
    except Invalid as error:
        with contextlib.suppress(Invalid):
            return form.read(_item(name, text))
        raise click.UsageError(f"{name}: {error.message}") from error


def _item(name: str, text: str) -> Item:
    kind = "boolean" if text.lower() in _BOOLEANS else "number" if _NUMBER.fullmatch(text) else "text"
    return Item(kind=kind, path=name, line=0, column=0, text=text)
