"""Answers: tables on a terminal, plain columns in a pipe, JSON for programs; nothing that could drive a terminal."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_BEYOND_ASCII = (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))  # more controls; turned directions
_CONTROL = {code: "·" for code in (*range(32), *_BEYOND_ASCII) if code != ord("\t")}
_ESCAPED = {code: f"\\u{code:04x}" for code in _BEYOND_ASCII}


def on_terminal() -> bool:
    """Whether a person looks at what is written."""
    return sys.stdout.isatty()


def clean(text: str) -> str:
    """One line without control characters: what an image or a registry says must not drive the terminal."""
    return _COLOUR.sub("", text).translate(_CONTROL)


def line(text: str = "", *, err: bool = False) -> None:
    click.echo(clean(text), err=err)


def trying_again(why: str) -> None:
    """A live stream broke off, and is taken up again."""
    click.echo(clean(f"{why}: trying again"), err=True)


def say_json(value: Any) -> None:
    """One line for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], nothing: str = "There is nothing yet.") -> None:
    """Rows under their columns; `nothing` if there are none."""
    cells = [[clean(plain(cell)) for cell in row] for row in rows]
    if not cells:
        click.echo(nothing)
    elif on_terminal():
        _rich_table(columns, cells)
    else:
        _plain_table(columns, cells)


def fields(value: Mapping[str, Any], *, indent: str = "", err: bool = False) -> None:
    """A thing, one field a line, those without a value left out; what has only such fields is “none”."""
    for name, one in value.items():
        if _is_nothing(one):
            continue
        if isinstance(one, Mapping) and all(_is_nothing(inner) for inner in one.values()):
            click.echo(f"{indent}{clean(name)}: none", err=err)
        elif isinstance(one, Mapping):
            click.echo(f"{indent}{clean(name)}:", err=err)
            fields(one, indent=indent + "  ", err=err)
        else:
            click.echo(f"{indent}{clean(name)}: {clean(plain(one))}", err=err)


def _is_nothing(value: Any) -> bool:
    return value is None or value in ([], {}, "")


def plain(value: Any) -> str:
    """A JSON value as a person says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value)
    if isinstance(value, Mapping):
        return " ".join(f"{key}={plain(one)}" for key, one in value.items() if one is not None)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def count(number: int, one: str, many: str) -> str:
    """`1 tag`, `2 tags`."""
    return f"{number} {one if number == 1 else many}"


def when(at: float | None) -> str:
    """Unix seconds as local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if at else ""


def short(digest: str | None) -> str:
    """The part of a digest that people compare."""
    return (digest or "").removeprefix("sha256:")[:12]


def _plain_table(columns: Sequence[str], cells: list[list[str]]) -> None:
    rows = [[column.upper() for column in columns], *cells]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich_table(columns: Sequence[str], cells: list[list[str]]) -> None:
    from rich import box  # noqa: PLC0415  slow to import, and only a terminal needs it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        made.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console().print(made)


_STYLES = {
    "succeeded": "green",
    "running": "green",
    "ok": "green",
    "failed": "red",
    "stuck": "bold red",
    "wrong": "red",
    "unhealthy": "red",
    "missing": "red",
    "stopped": "yellow",
}
