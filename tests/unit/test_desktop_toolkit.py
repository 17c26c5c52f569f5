"""The window by pywebview, with a pywebview that shows nothing."""

from __future__ import annotations

import logging
import sys
import types
import webbrowser

import pytest

from forge.desktop import toolkit
from forge.desktop.place import Place, keep, load
from forge.desktop.toolkit import NoWindow, Toolkit
from forge.desktop.words import ENGLISH
from tests.world import until


class Event:
    """As pywebview's."""

    def __init__(self):
        self.listeners = []

    def __iadd__(self, listener):
        self.listeners.append(listener)
        return self

    def set(self, *given):
        return [listener(*given) for listener in self.listeners]


class Window:
    """`calls` is what was asked of it."""

    x, y, width, height = 11, 22, 933, 744

    def __init__(self):
        names = ["closing", "shown", "loaded", "minimized", "maximized", "restored", "moved", "resized", "initialized"]
        self.events = types.SimpleNamespace(**{name: Event() for name in names})
        self.calls = []

    def __getattr__(self, name):
        return lambda *given: self.calls.append((name, *given)) or f"{name}!"


class PyWebview(types.ModuleType):
    """`made` is how the window was asked for, `started` how the loop was; `act` is what happens meanwhile."""

    def __init__(self):
        super().__init__("webview")
        self.window, self.settings = Window(), {}
        self.screens = [types.SimpleNamespace(x=0, y=0, width=1920, height=1080)]
        self.menu = types.SimpleNamespace(
            Menu=lambda title, entries: (title, entries),
            MenuAction=lambda title, do: (title, do),
            MenuSeparator=lambda: None,
        )
        self.act = lambda: None

    def create_window(self, title, **made):
        self.title, self.made = title, made
        return self.window

    def start(self, **started):
        self.started = started
        self.act()


class Hears:
    def __init__(self):
        self.chose, self.links, self.may = [], [], True

    def may_close(self):
        return self.may

    def chosen(self, id):
        self.chose.append(id)

    def outside(self, url):
        self.links.append(url)


@pytest.fixture
def pywebview(monkeypatch):
    fake = PyWebview()
    monkeypatch.setitem(sys.modules, "webview", fake)
    monkeypatch.setattr(webbrowser, "open", webbrowser.open)
    logger = logging.getLogger("pywebview")
    before = logger.handlers[:], logger.propagate
    yield fake
    logger.handlers[:], logger.propagate = before


@pytest.fixture
def window(tmp_path, pywebview):
    made = Toolkit(tmp_path, ENGLISH)
    made.hears = Hears()
    return made


def run(window, pywebview, act=lambda: None):
    told = []
    pywebview.act = act
    window.run(window.hears, told.append)
    return told


def test_it_opens_with_the_splash_on_our_ground_and_keeps_its_storage_to_its_owner(window, pywebview, tmp_path):
    told = run(window, pywebview, lambda: (pywebview.window.events.shown.set(), pywebview.window.events.loaded.set()))
    assert told == ["shown", "loaded"]
    assert ENGLISH.starting in pywebview.made["html"]
    assert pywebview.made["background_color"] == "#f7f8f9"
    assert (pywebview.made["width"], pywebview.made["x"]) == (1280, None)
    assert pywebview.started["private_mode"] is False
    assert pywebview.started["storage_path"] == str(tmp_path / "web")
    assert (tmp_path / "web").stat().st_mode & 0o777 == 0o700


def test_it_opens_where_it_was_and_keeps_where_it_is(window, pywebview, tmp_path):
    keep(tmp_path / "place.json", Place(x=5, y=6, width=900, height=700))
    run(window, pywebview, lambda: pywebview.window.events.moved.set(1, 2))
    assert (pywebview.made["x"], pywebview.made["y"], pywebview.made["width"]) == (5, 6, 900)
    until(lambda: load(tmp_path / "place.json").x == 11, "the new place is kept")
    assert load(tmp_path / "place.json") == Place(x=11, y=22, width=933, height=744)


def test_maximised_it_remembers_how_large_it_was_before(window, pywebview, tmp_path):
    keep(tmp_path / "place.json", Place(x=5, y=6, width=900, height=700))
    run(window, pywebview, pywebview.window.events.maximized.set)
    until(lambda: load(tmp_path / "place.json").maximized, "it is kept")
    assert load(tmp_path / "place.json") == Place(x=5, y=6, width=900, height=700, maximized=True)


def test_who_hears_decides_whether_it_closes(window, pywebview):
    window.hears.may = False
    run(window, pywebview)
    assert pywebview.window.events.closing.set() == [False]


def test_links_and_menu_reach_who_hears(window, pywebview):
    run(window, pywebview)
    assert webbrowser.open("https://example.org/", 2, True)
    (title, entries), *_ = pywebview.started["menu"]
    entries[0][1]()
    assert (title, window.hears.links, window.hears.chose) == ("File", ["https://example.org/"], ["browser"])


def test_internet_explorer_is_refused(window, pywebview):
    with pytest.raises(NoWindow, match="WebView2 Runtime"):
        run(window, pywebview, lambda: pywebview.window.events.initialized.set("mshtml"))
    run(window, pywebview, lambda: pywebview.window.events.initialized.set("edgechromium"))


def test_the_first_cause_is_said_and_not_the_general_one(window, pywebview, capsys):
    WebViewException = type("WebViewException", (Exception,), {})  # noqa: N806  pywebview's name

    def act():
        cause = ValueError("Namespace WebKit2 not available")
        logging.getLogger("pywebview").error("GTK cannot be loaded", exc_info=cause)
        raise WebViewException("You must have either QT or GTK")

    with pytest.raises(NoWindow, match=r"^Namespace WebKit2 not available$"):
        run(window, pywebview, act)
    assert "GTK cannot be loaded" in capsys.readouterr().err


def test_without_pywebview_there_is_no_window(window, pywebview, monkeypatch):
    monkeypatch.setitem(sys.modules, "webview", None)
    with pytest.raises(NoWindow):
        window.run(window.hears, print)


def test_zoom_has_its_bounds_and_a_way_back(window):
    window._zoom = 2.9
    assert window.zoomed(1) == 3.0
    window._zoom = 0.51
    assert window.zoomed(-1) == 0.5
    assert window.zoomed(0) == 1.0


def test_hidden_or_minimised_it_is_out_of_sight_until_it_comes_forward(window, pywebview):
    run(window, pywebview)
    window.hide()
    assert window.out_of_sight()
    window.front()
    assert not window.out_of_sight()
    pywebview.window.events.minimized.set()
    assert window.out_of_sight()
    pywebview.window.events.restored.set()
    assert not window.out_of_sight()


def test_what_is_the_same_everywhere_is_pywebviews(window, pywebview):
    run(window, pywebview)
    window.load("http://127.0.0.1:1/")
    window.show_html("<p>")
    window.reload()
    window.edit("select_all")
    window.zoom(1)
    window.say("a", "b")
    assert window.ask("a", "b", "yes", "no")
    window.end()
    assert [call[0] for call in pywebview.window.calls] == [
        "load_url", "load_html", "get_current_url", "load_url", "run_js", "run_js",
        "create_confirmation_dialog", "create_confirmation_dialog", "destroy",
    ]  # fmt: skip
    assert not window.has_tray()


@pytest.mark.parametrize(("system", "name"), [("linux", "Gtk"), ("win32", "Edge"), ("darwin", "Cocoa")])
def test_each_system_has_its_own(monkeypatch, system, name):
    monkeypatch.setattr(sys, "platform", system)
    assert toolkit.toolkit().__name__ == name
