"""Where there can be no window: one sentence, then the browser, else a link; and Forge serves all the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.forge_process import ROOT
from tests.e2e.live import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

MISSING = "raise ImportError('No module named gi')\n"
ABORTS = "import os\nos.abort()\n"


def without_gtk(folder: Path, code: str) -> dict[str, str]:
    """An environment in which GTK's binding is what `code` says."""
    (folder / "gi").mkdir(parents=True)
    (folder / "gi/__init__.py").write_text(code)
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


@pytest.fixture
def browser(tmp_path):
    """A default browser that keeps the addresses it is given; `BROWSER` for the environment, and the file."""
    kept = tmp_path / "visited"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> {kept}\n')
    program.chmod(0o755)
    return str(program), kept


def signs_in(forge, link: str) -> bool:
    """Whether `link` leads to the board, with a session."""
    answer = forge.ask("GET", link.removeprefix(forge.url), headers={})
    return answer.status == 303 and "forge_session=" in answer.headers.get("set-cookie", "")


def test_without_a_display_the_link_stands_on_the_terminal(start_desktop):
    forge = start_desktop(on=None)
    until(lambda: "\n" in forge.said(), "something is said")
    said = re.fullmatch(
        r"Forge has no window \(there is no display\): open (http://\S+) in a browser "
        r"\(good once, for two minutes; `forge open` makes another\)\. Ctrl-C ends Forge\.\n",
        forge.said(),
    )
    assert said, forge.said()
    assert signs_in(forge, said[1])
    assert not signs_in(forge, said[1]), "it is good once"
    assert forge.interrupt() == 0


def test_without_a_web_view_the_browser_is_opened(start_desktop, browser, tmp_path):
    program, kept = browser
    forge = start_desktop(BROWSER=program, **without_gtk(tmp_path / "fake", MISSING))
    until(lambda: kept.exists() and forge.said().endswith("\n"), "the browser is opened")
    assert forge.said() == (
        "Forge has no window (WebKitGTK is not there: install libwebkit2gtk-4.1-0, gir1.2-webkit2-4.1 and "
        f"gir1.2-gtk-3.0): it is open in the browser, at {forge.url}. Ctrl-C ends Forge.\n"
    )
    (link,) = kept.read_text().splitlines()
    assert signs_in(forge, link)


def test_started_once_more_it_opens_the_browser_once_more(start_desktop, browser):
    program, kept = browser
    forge = start_desktop(on=None, BROWSER=program)
    until(kept.exists, "the browser is opened")
    assert forge.second() == (0, "")
    until(lambda: len(kept.read_text().splitlines()) == 2, "it is opened once more")
    assert len(set(kept.read_text().splitlines())) == 2, "with a link of its own"


def test_a_toolkit_that_aborts_takes_nothing_with_it(start_desktop, browser, tmp_path):
    program, kept = browser
    forge = start_desktop(BROWSER=program, **without_gtk(tmp_path / "fake", ABORTS))
    until(lambda: kept.exists() and forge.said().endswith("\n"), "the browser is opened")
    assert forge.said().startswith("Forge has no window (it ended with -6"), forge.said()
    assert forge.said().count("\n") == 1
    assert forge.ask("GET", "/api/health").status == 200


def test_a_display_that_is_not_there_is_said(start_desktop):
    forge = start_desktop(on=None, DISPLAY=":4242")
    until(lambda: "\n" in forge.said(), "something is said")
    assert forge.said().startswith("Forge has no window (the display cannot be opened): ")
