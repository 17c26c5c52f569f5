"""restore FILE: a backup in the place of the data folder's database, while no Forge runs on it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forge.commands import passphrases
from forge.commands.output import count, line, say_json
from forge.commands.state import Command, State, pass_state
from forge.domain.errors import Invalid
from forge.vault import VaultError

if TYPE_CHECKING:
    from forge.domain.secret import Secret
    from forge.settings import Settings
    from forge.store.restore import Restored


@click.command("restore", cls=Command)
@click.argument("file")
@click.option("--yes", is_flag=True, help="Do not ask.")
@passphrases.options
@pass_state
def restore(state: State, /, file: str, yes: bool, **where: Any) -> None:
    """Put the backup FILE (or a kept one, by its name) in the place of what Forge knows. Stop Forge first.

    It is checked whole before anything is touched, and what was there is kept beside the other backups. What runs is
    left alone: at its next start Forge takes up its containers as they are, also on another data folder or machine.
    """
    from forge.store.restore import find  # noqa: PLC0415  slow to import

    settings = state.settings()
    path = find(settings.data, file)
    if settings.database.exists() and not yes:
        question = f"Replace what Forge knows in {settings.data} by {path}? What is there is kept in backups/."
        click.confirm(question, abort=True, err=True)
    done = _restored(path, settings, passphrases.given(**where))
    if state.as_json:
        say_json({
            "file": str(path), "made": done.made, "home": done.home, "projects": done.projects,
            "secrets": done.secrets, "safety": str(done.safety) if done.safety else None,
        })  # fmt: skip
    else:
        _say(done, settings)


def _restored(path: Path, settings: Settings, passphrase: Secret | None) -> Restored:
    """The passphrase is asked for where the folder's own key does not do."""
    from forge.store import archive  # noqa: PLC0415
    from forge.store.restore import restore as put_back  # noqa: PLC0415

    try:
        return put_back(path, settings, passphrase)
    except archive.Damaged:
        raise
    except (Invalid, VaultError):
        if passphrase is not None or archive.is_database(path) or archive.read_header(path).keys is None:
            raise
        typed = passphrases.asked("Passphrase of the backup", twice=False)
        if typed is None:
            raise
    return put_back(path, settings, typed)


def _count(done: Restored) -> str:
    return f"{count(done.projects, 'project', 'projects')}, {count(done.secrets, 'secret', 'secrets')}"


def _say(done: Restored, settings: Settings) -> None:
    made = f" of {time.strftime('%Y-%m-%d %H:%M', time.localtime(done.made))}" if done.made else ""
    line(f"The backup{made} is in place: {_count(done)} that can be read.")
    if done.safety is not None:
        line(f"What was there is kept: {done.safety}")
    line(f"Start Forge on {settings.data}. The one that the backup is from must not run any more: both would")
    line("look after the same containers.")
