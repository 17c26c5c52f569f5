"""open, completion and openapi."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from forge.commands.output import line, say_json
from forge.commands.state import Command, State, pass_state

_HOW = {
    "bash": 'eval "$(forge completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(forge completion zsh)"   in ~/.zshrc',
    "fish": "forge completion fish > ~/.config/fish/completions/forge.fish",
}


@click.command("open", cls=Command)
@pass_state
def open_board(state: State) -> None:
    """Print a link that opens the board and signs the browser in: good once, for two minutes."""
    client = state.client()
    ticket = client.post("session/ticket")
    link = client.address.url + ticket["path"]
    if state.as_json:
        say_json({"link": link, "seconds": ticket["seconds"]})
    else:
        line(link)


@click.command("completion", cls=Command, epilog="\b\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
def completion(shell: str) -> None:
    """Print what makes a shell complete Forge's commands."""
    made = get_completion_class(shell)
    if made is None:  # click knows all three
        raise click.UsageError(f"{shell} is not known.")
    root = click.get_current_context().find_root().command
    complete = made(root, {}, "forge", "_FORGE_COMPLETE")
    click.echo(complete.source_template % complete.source_vars())


@click.command("openapi", cls=Command)
@pass_state
def openapi(state: State) -> None:
    """Print the HTTP contract (OpenAPI 3.1) of the running Forge."""
    say_json(state.client().get("openapi.json"))
