"""The executable, built once by the very program that people build it with; and a Forge that it runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import House
from tests.e2e.forge_process import ROOT, ForgeProcess
from tests.parts.caddy import Caddy
from tests.parts.engine import Engine
from tests.parts.registry import Registry


class FrozenProcess(ForgeProcess):
    """The executable with nothing around it: no Python, no PATH, a HOME of its own. `unpacked` is where it unpacks."""

    def __init__(self, executable: Path, data: Path, **settings: str) -> None:
        super().__init__(data)
        self.executable = executable
        self.unpacked = data.parent / "unpacked"
        self.unpacked.mkdir()
        self.environment = {"HOME": str(data.parent), "TMPDIR": str(self.unpacked), **settings}

    def command(self) -> list[str]:
        return [str(self.executable), "serve", "--port", "0", "--data", str(self.data)]


@pytest.fixture(scope="session")
def executable() -> Path:
    """dist/forge, built anew; the self-test is part of building."""
    assert (ROOT / "forge/static/index.html").is_file(), "build the board first: make ui"
    built = subprocess.run(
        [sys.executable, "spec/build.py"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-4000:]
    return ROOT / "dist/forge"


@pytest.fixture(scope="module")
def house(
    executable: Path,
    tmp_path_factory: pytest.TempPathFactory,
    engine_part: Engine,
    registry_part: Registry,
    caddy_part: Caddy,
) -> Iterator[House]:
    """A Forge of that file, and the real parts."""
    caddy_part.reset()
    forge = FrozenProcess(executable, tmp_path_factory.mktemp("frozen") / "data", FORGE_ENGINE=engine_part.url)
    forge.start()
    house = House(forge, engine_part, registry_part, caddy_part)
    house.furnish()
    yield house
    if forge.running():
        assert forge.stop()[0] == 0
    assert forge.faults() == []
    engine_part.clear()
    caddy_part.reset()
