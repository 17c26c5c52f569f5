"""serve: Forge without a window."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from forge.commands.state import Command, State, pass_state

if TYPE_CHECKING:
    from forge.server import Server


@click.command("serve", cls=Command)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", help="Port to listen on; 0: any free one.  [default: 8400]")
@click.option("--engine", help="Docker engine of the connection “local”, as DOCKER_HOST.")
@click.option("--seed", metavar="FILE", help="Configuration that is imported at first start.")
@click.option("--workers", help="Deploys at once.  [default: 4]")
@click.option("--max-streams", help="Live streams at once.  [default: 5000]")
@click.option("--allowed-hosts", help="Names, beside this machine's own, that a request may ask for: a.org,b.org")
@click.option("--trusted-proxies", help="Proxies whose X-Forwarded-… headers are believed: 10.0.0.2,172.18.0.0/16")
@click.option("--tls-cert", metavar="FILE", help="Certificate (PEM); with --tls-key Forge speaks TLS.")
@click.option("--tls-key", metavar="FILE", help="Its private key (PEM).")
@click.option("--log-level", help="debug, info, warning or error.  [default: info]")
@click.option("--log-format", help="text or json.  [default: text]")
@pass_state
def serve(state: State, /, **flags: Any) -> None:
    """Run Forge until Ctrl-C, and answer over HTTP.

    Each option may also be a variable (FORGE_PORT), or stand in settings.toml of the data folder.
    Should it seem to hang: kill -USR1 lets it write what each of its threads does.
    """
    settings = state.settings(**flags)
    from forge import log, server  # noqa: PLC0415  slow to import
    from forge.compose import compose  # noqa: PLC0415
    from forge.systemd import Notifier  # noqa: PLC0415

    log.set_up(settings.log_level, settings.log_format)
    manager = Notifier(os.environ)

    def ready(running: Server) -> None:
        manager.tell(READY=1, STATUS=f"Answers at {running.url}")
        manager.watch(running.answers)
        click.echo(f"Forge answers at {running.url} (Ctrl-C ends it). Its token is in {settings.token_file}.", err=True)
        setup = running.runtime.people.setup
        if setup.wanted():
            click.echo(_welcome(running.url, setup.token() if sys.stderr.isatty() else None), err=True)

    def ending() -> None:
        manager.close()
        manager.tell(STOPPING=1, STATUS="Deploys under way reach a safe step")

    manager.tell(STATUS=f"Opens {settings.data}")
    server.serve(compose(settings), ready, ending)


def _welcome(url: str, token: str | None) -> str:
    """How the first admin is made. The link is for a terminal: who reads a log must not get in by it."""
    if token is None:
        return "Nobody can sign in yet: `forge people add NAME --role admin`, on this machine, makes the first admin."
    return f"Nobody can sign in yet. Make the first admin here, once:\n\n  {url}/setup?token={token}\n"
