"""A screen, and a Forge on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.forge_process import ROOT
from tests.parts.process import PartMissing
from tests.window.desktop import DesktopProcess
from tests.window.screen import Screen


@pytest.fixture
def screen() -> Iterator[Screen]:
    """One for each test: windows of others are not on it."""
    try:
        with Screen() as screen:
            yield screen
    except PartMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
def start_desktop(tmp_path: Path, screen: Screen) -> Iterator[Callable[..., DesktopProcess]]:
    """Start a Forge, on the screen if nothing else is said; at the end its logs show nothing to be ashamed of."""
    started: list[DesktopProcess] = []

    def start(*, on: Screen | None = screen, **settings: str) -> DesktopProcess:
        nowhere = {"FORGE_ENGINE": f"unix://{tmp_path}/docker.sock"}
        forge = DesktopProcess(tmp_path / "data", on, **{**nowhere, **settings})
        started.append(forge)
        forge.start()
        return forge

    yield start
    for forge in started:
        if forge.running():
            forge.stop()
    assert [line for forge in started for line in forge.faults()] == []


class Session:
    """A desktop's bus with somebody who shows notices, and a panel with a tray. `environment` leads there."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "session"
        self._bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE
        )
        assert self._bus.stdout is not None
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": self._bus.stdout.readline().decode().strip()}
        words = [sys.executable, "-m", "tests.window.session", str(self._file)]
        self._desktop = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **self.environment})

    def given(self, method: str) -> list[list[str]]:
        """What it was given so far."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [line["given"] for line in map(json.loads, lines) if line["method"] == method]

    def close(self) -> None:
        for process in (self._desktop, self._bus):
            process.terminate()
            process.wait(10)
        assert self._bus.stdout is not None
        self._bus.stdout.close()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path)
    yield made
    made.close()
