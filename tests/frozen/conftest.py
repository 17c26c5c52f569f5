"""The executable, built once by the very program that people build it with; and a Forge that it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import browser, invite, sign_in  # noqa: F401  fixtures
from tests.e2e.conftest import House
from tests.e2e.forge_process import ROOT, ForgeProcess
from tests.parts.caddy import Caddy
from tests.parts.engine import Engine
from tests.parts.registry import Registry

NOBODY = 65534
DOCKERS = 61999  # a group of its own, as `docker` is


class FrozenProcess(ForgeProcess):
    """The executable with nothing around it, for somebody without rights who may speak with Docker.

    No Python, no PATH, a HOME of its own; `unpacked` is where it unpacks.
    """

    def __init__(self, executable: Path, home: Path, **settings: str) -> None:
        super().__init__(home / "data")
        self.executable = executable
        self.unpacked = home / "unpacked"
        self.unpacked.mkdir()
        for folder in (home, self.unpacked):
            os.chown(folder, NOBODY, NOBODY)
        self.environment = {"HOME": str(home), "TMPDIR": str(self.unpacked), **settings}
        self.identity = {"user": NOBODY, "group": NOBODY, "extra_groups": [DOCKERS]}

    def program(self) -> list[str]:
        return [str(self.executable)]


def let_through(path: Path) -> None:
    """Whoever knows the name of `path` gets there: tests' folders are for their owner only."""
    for folder in path.parents:
        if folder.stat().st_uid == os.getuid() and folder.stat().st_mode & 0o011 != 0o011:
            folder.chmod(folder.stat().st_mode | 0o011)


@pytest.fixture(scope="session")
def built() -> Path:
    """dist/forge, built anew (the self-test is part of building); or the one that FORGE_EXECUTABLE names."""
    if given := os.environ.get("FORGE_EXECUTABLE"):
        return Path(given).absolute()
    assert (ROOT / "forge/static/index.html").is_file(), "build the board first: make ui"
    done = subprocess.run(
        [sys.executable, "spec/build.py", "--folder"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return ROOT / "dist/forge"


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """Where everybody gets to: pytest closes its own folders, also when another run begins beside."""
    with tempfile.TemporaryDirectory(prefix="forge-frozen-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def executable(built: Path, ground: Path) -> Path:
    """The same, where everybody may run it."""
    place = ground / "forge"
    shutil.copy(built, place)
    place.chmod(0o755)
    return place


@pytest.fixture
def folder(ground: Path) -> Path:
    """An empty one of ours, that everybody gets to."""
    made = Path(tempfile.mkdtemp(dir=ground))
    made.chmod(0o755)
    return made


@pytest.fixture
def home(ground: Path) -> Path:
    """An empty HOME of somebody without rights."""
    made = Path(tempfile.mkdtemp(dir=ground))
    os.chown(made, NOBODY, NOBODY)
    return made


@pytest.fixture(scope="module")
def house(
    executable: Path,
    ground: Path,
    engine_part: Engine,
    registry_part: Registry,
    caddy_part: Caddy,
) -> Iterator[House]:
    """A Forge of that file, and the real parts; its socket is for a group, as Docker's is."""
    caddy_part.reset()
    docker_socket = Path(engine_part.url.removeprefix("unix://"))
    os.chown(docker_socket, 0, DOCKERS)
    docker_socket.chmod(0o660)
    let_through(docker_socket)
    forge = FrozenProcess(executable, Path(tempfile.mkdtemp(dir=ground)), FORGE_ENGINE=engine_part.url)
    forge.start()
    house = House(forge, engine_part, registry_part, caddy_part)
    house.furnish()
    yield house
    if forge.running():
        assert forge.stop()[0] == 0
    assert forge.faults() == []
    engine_part.clear()
    caddy_part.reset()
