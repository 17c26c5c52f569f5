"""The window by pywebview: what is the same on every system. What differs is in gtk, edge and cocoa."""

from __future__ import annotations

import logging
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from forge.desktop import place, splash
from forge.desktop.menu import menus
from forge.desktop.place import Place, Screen
from forge.desktop.words import Words

_QUIET = 0.4  # seconds without a move until the place is kept
_STEP = 1.1


class NoWindow(Exception):
    """There can be no window; the sentence says why."""


class Hears(Protocol):
    """Who is told what happens in the window."""

    def may_close(self) -> bool: ...
    def chosen(self, id: str) -> None: ...
    def outside(self, url: str) -> None: ...


class Toolkit:
    """One window; `folder` keeps its place and the web view's storage. `gui` is pywebview's name of the toolkit."""

    gui: str | None = None
    downloads = True  # pywebview's own are good

    def __init__(self, folder: Path, words: Words) -> None:
        self.folder, self.words = folder, words
        self.window: Any = None
        self.hears: Hears
        self._place = Place()
        self._timer: threading.Timer | None = None
        self._minimised = self._hidden = False
        self._zoom = 1.0

    # ---- from the first moment to the last

    def run(self, hears: Hears, tell: Callable[[str], None]) -> None:
        """Show the splash and stay until the window is closed; `tell` hears `shown` and `loaded`.

        Raise NoWindow. To be called by the main thread.
        """
        self.hears = hears
        causes = _causes()
        try:
            import webview  # noqa: PLC0415  slow to import, and may not be there

            self._open(webview, tell)
        except ImportError as error:
            raise NoWindow(f"{error}") from error
        except Exception as error:
            if type(error).__name__ != "WebViewException":
                raise
            raise NoWindow(causes[0] if causes else str(error)) from error

    def _open(self, webview: Any, tell: Callable[[str], None]) -> None:
        self.prepare(webview)
        self._place = place.load(self._place_file()).within(self.screens(webview))
        dark, at = self.dark(), self._place
        self.window = webview.create_window(
            "Forge", html=splash.starting(self.words, dark=dark), background_color=splash.ground(dark=dark),
            width=at.width, height=at.height, x=at.x, y=at.y, maximized=at.maximized, min_size=place.SMALLEST,
            text_select=True, zoomable=True,
        )  # fmt: skip
        self._listen(self.window.events, tell)
        webbrowser.open = self._outside  # what pywebview calls for `_blank`
        webview.settings["ALLOW_DOWNLOADS"] = self.downloads
        webview.settings["ALLOW_FILE_URLS"] = False
        storage = self.folder / "web"
        storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        refused = self._refuses(self.window.events)
        webview.start(gui=self.gui, private_mode=False, storage_path=str(storage), menu=self.menu(webview))
        if refused:
            raise NoWindow(refused[0])

    def _listen(self, events: Any, tell: Callable[[str], None]) -> None:
        events.closing += self.hears.may_close
        events.shown += self.shown
        events.shown += lambda: tell("shown")
        events.loaded += lambda: tell("loaded")
        events.minimized += lambda: setattr(self, "_minimised", True)
        events.maximized += lambda: self._grown(True)
        events.restored += lambda: self._grown(False)
        events.moved += lambda *_: self._note_place()
        events.resized += lambda *_: self._note_place()

    def _refuses(self, events: Any) -> list[str]:
        """Why the web view that pywebview chose will not do, once it has chosen."""
        reasons: list[str] = []

        def check(renderer: str) -> bool:
            if renderer == "mshtml":  # Internet Explorer 11: no EventSource, no modules
                reasons.append("the WebView2 Runtime of Microsoft Edge is not installed")
            return not reasons

        events.initialized += check
        return reasons

    def _outside(self, url: str, *_: Any, **__: Any) -> bool:
        self.hears.outside(url)
        return True

    # ---- what systems do differently

    def prepare(self, webview: Any) -> None:
        """Before the window is made. Raise NoWindow."""

    def shown(self) -> None:
        """The window is there."""

    def screens(self, webview: Any) -> list[Screen]:
        return [Screen(x=one.x, y=one.y, width=one.width, height=one.height) for one in webview.screens]

    def menu(self, webview: Any) -> list[Any]:
        """For pywebview to draw."""
        return [webview.menu.Menu(menu.title, self._entries(webview, menu.sections)) for menu in menus(self.words)]

    def _entries(self, webview: Any, sections: Any) -> list[Any]:
        made: list[Any] = []
        for section in sections:
            made += [webview.menu.MenuSeparator()] if made else []
            made += [webview.menu.MenuAction(item.title, self._choose(item.id)) for item in section]
        return made

    def _choose(self, id: str) -> Callable[[], None]:
        return lambda: self.hears.chosen(id)

    def dark(self) -> bool:
        return False

    def zoom(self, steps: int) -> None:
        self._zoom = self.zoomed(steps)
        self.window.run_js(f"document.documentElement.style.zoom = {self._zoom:.3f}")

    def zoomed(self, steps: int) -> float:
        """The new factor."""
        return 1.0 if steps == 0 else min(3.0, max(0.5, self._zoom * _STEP**steps))

    def edit(self, what: str) -> None:
        command = {"select_all": "selectAll"}.get(what, what)
        self.window.run_js(f"document.execCommand('{command}')")

    def copy(self, text: str) -> None: ...

    def notify(self, title: str, text: str) -> None: ...

    def has_tray(self) -> bool:
        return False

    def tray(self, text: str, count: int) -> None: ...

    def say(self, title: str, text: str) -> None:
        self.window.create_confirmation_dialog(title, text)

    def ask(self, title: str, text: str, yes: str, no: str) -> bool:
        """The system's own words for yes and no; those given where a dialog of ours can have them."""
        del yes, no
        return bool(self.window.create_confirmation_dialog(title, text))

    # ---- the same everywhere

    def load(self, url: str) -> None:
        self.window.load_url(url)

    def show_html(self, html: str) -> None:
        self.window.load_html(html)

    def reload(self) -> None:
        self.window.load_url(self.window.get_current_url())

    def front(self) -> None:
        self._hidden = self._minimised = False
        self.window.show()
        self.window.restore()

    def hide(self) -> None:
        self._hidden = True
        self.window.hide()

    def out_of_sight(self) -> bool:
        return self._hidden or self._minimised

    def end(self) -> None:
        self.window.destroy()

    # ---- the place

    def _place_file(self) -> Path:
        return self.folder / "place.json"

    def _grown(self, maximized: bool) -> None:
        self._minimised = False
        self._place = replace(self._place, maximized=maximized)
        self._note_place()

    def _note_place(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(_QUIET, self._keep_place)
        self._timer.daemon = True
        self._timer.start()

    def _keep_place(self) -> None:
        if not self._place.maximized and not self.out_of_sight():
            x, y, width, height = self.where()
            self._place = replace(self._place, x=x, y=y, width=width, height=height)
        place.keep(self._place_file(), self._place)

    def where(self) -> tuple[int, int, int, int]:
        """x, y, width, height."""
        window = self.window
        return window.x, window.y, window.width, window.height


def _causes() -> list[str]:
    """What pywebview logs while it looks for a toolkit: the error that it raises itself does not say why."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            cause = record.exc_info[1] if record.exc_info else None
            while cause is not None and cause.__context__ is not None:
                cause = cause.__context__
            if cause is not None:
                found.append(str(cause))
            print(f"pywebview: {record.getMessage()}", cause or "", file=sys.stderr)  # noqa: T201  the window's log

    logger = logging.getLogger("pywebview")
    logger.handlers[:] = [Keep()]
    logger.propagate = False
    return found


def toolkit() -> type[Toolkit]:
    """The one of this system."""
    if sys.platform == "win32":
        from forge.desktop.edge import Edge  # noqa: PLC0415

        return Edge
    if sys.platform == "darwin":
        from forge.desktop.cocoa import Cocoa  # noqa: PLC0415

        return Cocoa
    from forge.desktop.gtk import Gtk  # noqa: PLC0415

    return Gtk
