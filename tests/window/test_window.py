"""Forge in its window: opened, opened twice, closed, killed, remembered."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.forge_process import ForgeProcess
from tests.e2e.live import until
from tests.window.desktop import command_of, gone
from tests.window.looks import shows_board, shows_splash

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def test_the_window_shows_the_board_and_its_end_leaves_nothing(start_desktop, screen):
    forge = start_desktop()
    until(lambda: shows_board(screen.picture()), "the window shows the board")
    family = forge.family()
    assert len(family) >= 4, "server, window, and the web view's two"
    screen.press("ctrl+q")
    assert forge.ended() == 0
    gone(family)
    assert list(forge.temporary.iterdir()) == []
    left = {path.name for path in forge.data.iterdir()}
    assert not left & {"address", "token", "doorbell"}
    assert (forge.data / "window").stat().st_mode & 0o777 == 0o700


def test_it_is_dark_as_the_system_is(start_desktop, screen):
    start_desktop(GTK_THEME="Adwaita:dark")
    until(lambda: shows_board(screen.picture(), dark=True), "the board is dark")


def test_a_second_start_brings_the_first_forward_and_ends_well(start_desktop, screen):
    forge = start_desktop()
    until(lambda: shows_board(screen.picture()), "the window shows the board")
    assert forge.second() == (0, "")
    assert len(screen.windows()) == 1
    assert forge.running()


def test_a_forge_that_runs_without_a_window_gets_one_and_outlives_it(start_desktop, screen, tmp_path):
    server = ForgeProcess(tmp_path / "data", FORGE_ENGINE=f"unix://{tmp_path}/docker.sock")
    server.start()
    try:
        window = start_desktop()
        until(lambda: shows_board(screen.picture()), "the window shows the board")
        assert window.url == server.url
        screen.press("ctrl+q")
        assert window.ended() == 0
        assert server.ask("GET", "/api/health").status == 200
    finally:
        assert server.stop()[0] == 0


def test_after_a_kill_nothing_of_it_goes_on_and_it_starts_again(start_desktop, screen):
    forge = start_desktop()
    until(lambda: shows_board(screen.picture()), "the window shows the board")
    family = forge.family()
    forge.kill()
    gone(family)
    assert (forge.data / "doorbell").exists(), "what it left behind must not be in the way"
    forge.start()
    until(lambda: shows_board(screen.picture()), "the window shows the board again")


def test_a_window_that_falls_over_is_opened_again_and_the_server_goes_on(start_desktop, screen):
    forge = start_desktop()
    until(lambda: shows_board(screen.picture()), "the window shows the board")
    (window,) = [pid for pid in forge.family() if b"--child" in command_of(pid)]
    os.kill(window, signal.SIGABRT)
    until(lambda: not shows_board(screen.picture()), "the window is gone")
    until(lambda: shows_board(screen.picture()), "there is another one")
    assert forge.ask("GET", "/api/health").status == 200


def test_it_comes_back_where_it_was_and_as_large(start_desktop, screen):
    forge = start_desktop()
    until(lambda: shows_board(screen.picture()), "the window shows the board")
    screen.move(120, 60, 900, 700)
    place = forge.data / "window/place.json"
    until(lambda: place.exists() and '"width": 900' in place.read_text(), "the place is kept")
    screen.press("ctrl+q")
    assert forge.ended() == 0
    forge.start()
    until(lambda: shows_board(screen.picture()), "the window shows the board")
    shape = screen.shape()
    assert {name: shape[name] for name in ("X", "Y", "WIDTH", "HEIGHT")} == {
        "X": 120,
        "Y": 60,
        "WIDTH": 900,
        "HEIGHT": 700,
    }


def test_why_forge_cannot_start_is_said_in_the_window_too(start_desktop, screen):
    forge = start_desktop()
    screen.press("ctrl+q")
    assert forge.ended() == 0
    key = forge.data / "vault.key"
    key.unlink()
    forge.launch()
    until(lambda: shows_splash(screen.picture()), "the window says it")
    assert forge.running()
    screen.press("ctrl+w")
    assert forge.ended() != 0
    assert "vault.key" in forge.said()
