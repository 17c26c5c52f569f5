"""window, and `forge` with nothing behind it."""

from __future__ import annotations

import pytest

from forge.commands import window
from forge.commands.state import State
from forge.desktop import child, desk
from tests.commanding import (
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)


@pytest.mark.parametrize("words", [(), ("window",)])
def test_plain_forge_opens_the_window_of_the_data_folder(monkeypatch, tmp_path, words):
    opened = []
    monkeypatch.setattr(desk, "run", lambda settings, outside, words: opened.append(settings.data))
    run("--data", str(tmp_path), *words)
    assert opened == [tmp_path]


def test_the_windows_own_process_is_told_its_folder(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(child, "main", opened.append)
    run("--data", str(tmp_path), "window", "--child")
    assert opened == [tmp_path / "window"]


def test_what_the_desk_says_goes_to_the_error_output(monkeypatch, tmp_path):
    monkeypatch.setattr(desk, "run", lambda settings, outside, words: outside.say("There is no window."))
    result = run("--data", str(tmp_path))
    assert (result.stdout, result.stderr) == ("", "There is no window.\n")


def test_it_finds_the_forge_that_runs_and_hears_it(shell):
    state = State(data=str(shell.folder))
    client = window._running(state)
    assert client.address.url == shell.server.url
    assert next(window._events(client))["type"] == "hello"


def test_one_that_is_not_yet_there_is_waited_for(monkeypatch, shell):
    waited = []
    address = shell.folder / "address"
    text = address.read_text()
    address.unlink()
    monkeypatch.setattr(window.time, "sleep", lambda seconds: (waited.append(seconds), address.write_text(text)))
    assert window._running(State(data=str(shell.folder))).address.url == shell.server.url
    assert waited == [0.1]
