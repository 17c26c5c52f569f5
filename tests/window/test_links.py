"""Where links of a page lead in the real window, and how files are kept."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forge.desktop.process import Window, command
from tests.e2e.live import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
AWAY = "https://away.example/"
LINKS = {
    "/same": f'<a href="{AWAY}">',
    "/blank": f'<a href="{AWAY}" target="_blank" rel="noreferrer">',
    "/named": '<a href="/file.yaml" download="forge.yaml">',
    "/attached": '<a href="/file.yaml">',
}


class Page(BaseHTTPRequestHandler):
    """A page with one link, which the keyboard is on, and a file."""

    def do_GET(self):
        file = self.path == "/file.yaml"
        link = LINKS.get(self.path, "<a>")
        body = b"projects: []\n" if file else f"{link}x</a><script>document.links[0]?.focus()</script>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain" if file else "text/html")
        if file:
            self.send_header("Content-Disposition", 'attachment; filename="forge.yaml"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def origin():
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def window(screen, tmp_path):
    """The window's own process, and what it says."""
    said, ended = [], threading.Event()
    environment = {**screen.environment, "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    made = Window(
        command(tmp_path / "data"), tmp_path / "window.log", hear=said.append, ended=lambda _: ended.set(),
        environment=environment,
    )  # fmt: skip
    made.said = said
    yield made
    made.end()
    assert ended.wait(10)


def wants(window):
    return [line for line in window.said if "want" in line]


def follow(window, screen, url, happens):
    """Go there, and press Enter on the link until `happens()`: a web view opens nothing that nobody asked for."""
    window.say(do="go", url=url, address=url, ours=True)

    def pressed():
        if not happens():
            screen.press("Return")
        return happens()

    until(pressed, "the link was followed", pause=0.5)


@pytest.mark.parametrize("path", ["/same", "/blank"])
def test_what_leads_away_is_handed_to_the_browser(window, screen, origin, path):
    follow(window, screen, f"{origin}{path}", lambda: bool(wants(window)))
    assert wants(window)[0] == {"want": "open", "url": AWAY}


@pytest.mark.parametrize("path", ["/named", "/attached"])
def test_a_file_is_kept_where_somebody_says(window, screen, origin, tmp_path, path):
    follow(window, screen, f"{origin}{path}", lambda: bool(screen.dialogs()))
    kept = tmp_path / "kept.yaml"
    screen.type(str(kept), screen.dialogs()[0])
    screen.press("Return", screen.dialogs()[0])
    until(kept.exists, "the file is there")
    until(lambda: kept.read_text() == "projects: []\n", "all of it")


def test_a_file_that_nobody_wants_is_not_kept(window, screen, origin, tmp_path):
    follow(window, screen, f"{origin}/named", lambda: bool(screen.dialogs()))
    screen.press("Escape", screen.dialogs()[0])
    until(lambda: not screen.dialogs(), "the question is gone")
    assert not list(tmp_path.rglob("forge.yaml"))
