"""How a passphrase is said: typed twice, or from a file or a variable; never on the command line itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from forge.domain.errors import Invalid
from forge.domain.secret import Secret

F = TypeVar("F", bound=Callable[..., Any])
_LARGEST = 4096  # bytes


def options(function: F) -> F:
    """--passphrase-file and --passphrase-env."""
    file = click.option(
        "--passphrase-file", type=click.Path(path_type=Path), help="The passphrase is the first line of this file."
    )
    variable = click.option("--passphrase-env", metavar="NAME", help="The passphrase is in this environment variable.")
    return file(variable(function))


def given(passphrase_file: Path | None, passphrase_env: str | None) -> Secret | None:
    """The passphrase from a file or a variable, None if neither was named; raise Invalid."""
    file, variable = passphrase_file, passphrase_env
    if file is not None and variable is not None:
        raise Invalid("Say where the passphrase is once: a file or a variable")
    if variable is not None:
        if not os.environ.get(variable):
            raise Invalid(f"The variable {variable} is empty: it should hold the passphrase")
        return Secret(os.environ[variable])
    if file is None:
        return None
    try:
        with file.open("rb") as opened:
            line = opened.read(_LARGEST).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The passphrase cannot be read from {file}: {error}") from error
    if not line or not line[0]:
        raise Invalid(f"The first line of {file} is empty: it should be the passphrase")
    return Secret(line[0])


def asked(what: str, *, twice: bool) -> Secret | None:
    """As somebody types it; None if nothing was typed, or nobody is there."""
    if not sys.stdin.isatty():
        return None
    typed = _prompt(what)
    if twice and typed and _prompt("Once more") != typed:
        raise Invalid("The two are not the same. Nothing was done")
    return Secret(typed) if typed else None


def _prompt(what: str) -> str:
    typed: str = click.prompt(what, hide_input=True, default="", show_default=False, err=True)
    return typed
