"""config import|export: the configuration as a file."""

from __future__ import annotations

import os
from typing import TextIO

import click

from forge.commands.output import line, say_json
from forge.commands.state import Group, State, pass_state


@click.group(cls=Group)
def config() -> None:
    """The configuration as a YAML file."""


@config.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
@pass_state
def export(state: State, file: TextIO) -> None:
    """Write the configuration to FILE (or standard output). Secrets are not in it, only their names."""
    file.write(state.client().ask("GET", "config").text)


@config.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@pass_state
def import_(state: State, file: TextIO, dry_run: bool) -> None:
    """Make Forge as FILE (- is standard input) says, all or nothing.

    It adds and changes what the file names, and deletes nothing. Secrets are {env: NAME}: NAME is read from this
    command's environment, and kept as it is where it is not set.
    """
    from forge.config.document import variables  # noqa: PLC0415

    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file.name} is no UTF-8 text.") from error
    environment = {name: os.environ[name] for name in variables(text) if os.environ.get(name)}
    found = state.client().post("config", {"yaml": text, "environment": environment}, dry_run=dry_run)
    if state.as_json:
        say_json(found)
        return
    for one in found["differences"]:
        line(one)
