"""A screen, and a Forge on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
