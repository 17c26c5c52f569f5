"""A running Forge on fakes, and the command line beside it, as a person or a program uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from forge.cli import cli
from forge.server import Server
from tests.world import World


class Shell:
    """`world` is the running Forge with its fakes; `run` a command on its data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(folder)
        self.server = Server(self.world.forge)
        self.server.start()
        self.world.forge.start()

    def run(self, *words: str, code: int = 0, say: str | None = None, **environment: str) -> Result:
        """The result of a command that must end with `code`; `say` is what a person types."""
        return run("--data", str(self.folder), *words, code=code, say=say, **environment)

    def json(self, *words: str, **more: Any) -> Any:
        """What a command says to a program."""
        return json.loads(self.run("--json", *words, **more).stdout)

    def again(self) -> None:
        """Close Forge and start it anew on the same folder, at another address and with another token."""
        self.server.close()
        self.world.restart()
        self.server = Server(self.world.forge)
        self.server.start()

    def close(self) -> None:
        self.server.close()
        self.world.forge.close()


def run(*words: str, code: int = 0, say: str | None = None, **environment: str) -> Result:
    """A command that must end with `code`."""
    result = CliRunner().invoke(cli, list(words), input=say, env=environment, prog_name="forge")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, f"{result.exit_code}: {result.output}"
    return result


@pytest.fixture(name="shell")
def shell_fixture(tmp_path: Path) -> Iterator[Shell]:
    """Import it, and ask for `shell`."""
    shell = Shell(tmp_path / "data")
    try:
        yield shell
    finally:
        shell.close()
