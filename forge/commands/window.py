"""window: Forge on the desktop, as plain `forge` starts it too."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forge.commands.state import Command, State, pass_state

if TYPE_CHECKING:
    from forge.commands.client import Client


@click.command("window", cls=Command)
@click.option("--child", is_flag=True, hidden=True, help="The window itself; started by the other.")
@pass_state
def window(state: State, /, child: bool) -> None:
    """Open Forge in a window of its own; in the browser where there can be none.

    It starts Forge if none runs on the data folder, and a Forge that it started ends with it.
    """
    if child:
        from forge.desktop.child import main  # noqa: PLC0415  only where there is a display

        main(Path(state.data or state.settings().data) / "window")  # settings are slow to import
    else:
        open_window(state)


def open_window(state: State) -> None:
    """Until the window is closed."""
    from forge.desktop.desk import Outside, run  # noqa: PLC0415  slow to import
    from forge.desktop.words import words  # noqa: PLC0415

    outside = Outside(connect=lambda: _running(state), follow=_events, say=lambda said: click.echo(said, err=True))
    run(state.settings(), outside, words(os.environ))


def _running(state: State) -> Client:
    """The Forge on the data folder; one that started a moment ago has not yet written down where it is."""
    from forge.commands.client import NotRunning  # noqa: PLC0415

    for _ in range(100):
        try:
            return state.client()
        except NotRunning:
            time.sleep(0.1)
    return state.client()


def _events(client: Client) -> Iterator[dict[str, Any]]:
    from forge.commands.stream import follow  # noqa: PLC0415  slow to import

    return follow(client, "events", lost=lambda _: None)
