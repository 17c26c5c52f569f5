"""backup: all that Forge knows, as one file."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import click

from forge.commands.output import line, say_json
from forge.commands.state import Command, State, pass_state
from forge.domain.errors import ForgeError, Invalid

_RESTORE = """\b
To restore it:
  1. stop Forge;
  2. in its data folder, move forge.db, forge.db-wal and forge.db-shm away, and put FILE there as forge.db;
  3. see that the key is there (vault.key, or FORGE_ENCRYPTION_KEY);
  4. start Forge."""


@click.command("backup", cls=Command, epilog=_RESTORE)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@pass_state
def backup(state: State, file: Path, force: bool) -> None:
    """Write a copy of all that Forge knows to FILE, while it runs on.

    Secrets stay sealed in it: keep the key too, in another place.
    """
    if file.exists() and (not force or not file.is_file()):
        raise Invalid(f"{file} is there already: name another file, or say --force to replace it")
    part = file.with_name(file.name + ".part")
    try:
        with _writing(part) as opened:
            state.client().download("backup", _keeper(opened, file))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    size = file.stat().st_size
    if state.as_json:
        say_json({"file": str(file), "bytes": size})
    else:
        line(f"{file}: {size / 1e6:.1f} MB. The secrets in it are sealed: keep the key too, in another place.")


def _writing(path: Path) -> FileIO:
    """An empty file that only its owner reads; raise Invalid."""
    try:
        path.unlink(missing_ok=True)
        return FileIO(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600))
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}") from error


def _keeper(opened: FileIO, file: Path) -> Callable[[bytes], None]:
    """Writes pieces; a full disk of ours must not be taken for a Forge that is gone."""

    def keep(piece: bytes) -> None:
        try:
            rest = memoryview(piece)
            while rest:
                rest = rest[opened.write(rest) :]
        except OSError as error:
            raise ForgeError(f"{file} cannot be written: {error.strerror}", code="file") from error

    return keep
