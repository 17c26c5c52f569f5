"""The window on Linux: the system's GTK 3 and WebKitGTK, of which only the Python binding is brought along."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from forge.desktop import freedesktop, gtk_tray, splash
from forge.desktop.gtk_links import Links
from forge.desktop.gtk_menu import menubar
from forge.desktop.place import Screen
from forge.desktop.system import become, icon, systems_environment
from forge.desktop.toolkit import NoWindow, Toolkit

T = TypeVar("T")
_AGAIN = 10.0  # seconds
FELL_OVER = 4
_EDITING = {"cut": "Cut", "copy": "Copy", "paste": "Paste", "select_all": "SelectAll"}
_PACKAGES = "libwebkit2gtk-4.1-0, gir1.2-webkit2-4.1 and gir1.2-gtk-3.0"  # as Debian and its kin call them


class Gtk(Toolkit):
    gui = "gtk"
    downloads = False  # pywebview's need a folder that not every system has

    _origin = ""
    _tray: gtk_tray.Tray | None = None
    _style: Any = None
    _fell = -math.inf

    # ---- before the window is there

    def prepare(self, webview: Any) -> None:
        del webview
        become(systems_environment(os.environ))
        os.environ.setdefault("WEBKIT_DISABLE_DMABUF_RENDERER", "1")  # else blank on NVIDIA, virtual machines and Xvfb
        _require_libraries()
        from gi.repository import GLib  # noqa: PLC0415  only where there is GTK

        GLib.set_prgname("forge")  # before GTK looks: desktops find the icon and the group of a window by it
        GLib.set_application_name("Forge")
        from gi.repository import Gtk as gtk  # noqa: N813, PLC0415

        if not gtk.init_check()[0]:
            raise NoWindow("the display cannot be opened")
        from webview.guilib import initialize  # noqa: PLC0415

        self._glib, self._gtk, self._backend = GLib, gtk, initialize("gtk")
        self._settings = gtk.Settings.get_default()
        self._turn(self._find_dark())
        freedesktop.follow_dark(self._turn)
        self._backend._app.connect("startup", lambda app: menubar(app, self.words, self._chosen))  # noqa: SLF001

    def _find_dark(self) -> bool:
        wanted = freedesktop.wants_dark()
        if wanted is not None:
            return wanted
        theme = os.environ.get("GTK_THEME") or self._settings.get_property("gtk-theme-name") or ""
        prefers = self._settings.get_property("gtk-application-prefer-dark-theme")
        return bool(prefers) or theme.lower().endswith("dark")

    def screens(self, webview: Any) -> list[Screen]:
        del webview
        found = self._backend.get_screens()
        return [Screen(x=one.x, y=one.y, width=one.width, height=one.height) for one in found]

    def menu(self, webview: Any) -> list[Any]:
        del webview
        return []  # menubar() has drawn it

    def _listen(self, events: Any, tell: Callable[[str], None]) -> None:
        super()._listen(events, tell)
        events.before_show += self._dress

    def _dress(self) -> None:
        """Before the first paint, in GTK's thread."""
        self._browser = self._backend.BrowserView.instances[self.window.uid]
        Links(lambda: self._origin, self.hears.outside, self.words.save_as).attach(self._browser)
        self._browser.webview.get_context().set_preferred_languages([self.words.language])  # the board's, too
        self._browser.webview.connect("web-process-terminated", self._revive)
        native, at = self._browser.window, self._place
        if at.x is not None and at.y is not None:
            native.move(at.x, at.y)
        if (picture := icon()) is not None:
            native.set_icon_from_file(str(picture))
        if (indicators := gtk_tray.library()) is not None:
            self._tray = gtk_tray.Tray(indicators, icon(), self.words, self._chosen)

    def _revive(self, view: Any, _: Any) -> None:
        """The web view's own process fell over: once it is loaded anew, then the parent tries another way."""
        fell, self._fell = self._fell, time.monotonic()
        if self._fell - fell < _AGAIN:
            os._exit(FELL_OVER)
        view.reload()

    def _turn(self, dark: bool) -> None:
        """Everything dark or light: GTK's own, our menu bar, and by GTK's setting the page."""
        from gi.repository import Gdk  # noqa: PLC0415

        self._system_dark = dark
        self._settings.set_property("gtk-application-prefer-dark-theme", dark)
        if self._style is None:
            self._style = self._gtk.CssProvider()
            priority = self._gtk.STYLE_PROVIDER_PRIORITY_APPLICATION
            self._gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), self._style, priority)
        self._style.load_from_data(splash.menu_style(dark=dark).encode())

    def _chosen(self, id: str) -> None:
        """GTK's thread is not kept waiting."""
        threading.Thread(target=self.hears.chosen, args=(id,), name=id, daemon=True).start()

    # ---- while it is there

    def load(self, url: str) -> None:
        parts = urlsplit(url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        super().load(url)

    def show_html(self, html: str) -> None:
        self._later(lambda: self._browser.webview.load_html(html, None))  # of no origin: about:blank

    def reload(self) -> None:
        self._later(self._browser.webview.reload)

    def dark(self) -> bool:
        return self._system_dark

    def front(self) -> None:
        self._hidden = self._minimised = False

        def raise_it() -> None:
            self._browser.window.show()
            self._browser.window.deiconify()
            self._browser.window.present_with_time(0)

        self._later(raise_it)

    def zoom(self, steps: int) -> None:
        self._zoom = self.zoomed(steps)
        self._later(lambda: self._browser.webview.set_zoom_level(self._zoom))

    def edit(self, what: str) -> None:
        self._later(lambda: self._browser.webview.execute_editing_command(_EDITING[what]))

    def copy(self, text: str) -> None:
        from gi.repository import Gdk  # noqa: PLC0415

        def put() -> None:
            clipboard = self._gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
            clipboard.set_text(text, -1)
            clipboard.store()

        self._later(put)

    def say(self, title: str, text: str) -> None:
        self._wait(lambda: _answer(self._dialog(title, text, self._gtk.ButtonsType.CLOSE)))

    def ask(self, title: str, text: str, yes: str, no: str) -> bool:
        def run() -> bool:
            dialog = self._dialog(title, text, self._gtk.ButtonsType.NONE)
            dialog.add_button(no, self._gtk.ResponseType.CANCEL)
            go = dialog.add_button(yes, self._gtk.ResponseType.ACCEPT)
            go.get_style_context().add_class("destructive-action")
            dialog.set_default_response(self._gtk.ResponseType.CANCEL)
            return bool(_answer(dialog) == self._gtk.ResponseType.ACCEPT)

        return self._wait(run)

    def notify(self, title: str, text: str) -> None:
        freedesktop.notify(title, text)

    def has_tray(self) -> bool:
        return self._tray is not None

    def tray(self, text: str, count: int) -> None:
        if self._tray is not None:
            self._later(partial(self._tray.say, text, count))

    def where(self) -> tuple[int, int, int, int]:
        native = self._browser.window
        return self._wait(lambda: (*native.get_position(), *native.get_size()))

    # ---- GTK's thread

    def _later(self, do: Callable[[], object]) -> None:
        def once() -> bool:
            do()
            return False

        self._glib.idle_add(once)

    def _wait(self, do: Callable[[], T]) -> T:
        """What `do` says; never from GTK's own thread."""
        done = threading.Event()
        found: list[T] = []

        def run() -> None:
            try:
                found.append(do())
            finally:
                done.set()

        self._later(run)
        done.wait()
        return found[0]

    def _dialog(self, title: str, text: str, buttons: Any) -> Any:
        return self._gtk.MessageDialog(
            transient_for=self._browser.window, modal=True, buttons=buttons, text=title, secondary_text=text
        )


def _answer(dialog: Any) -> Any:
    try:
        return dialog.run()
    finally:
        dialog.destroy()


def _require_libraries() -> None:
    try:
        import gi  # noqa: PLC0415

        gi.require_version("Gtk", "3.0")
        _require_web_view(gi)
    except (ImportError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201  the window's log
        raise NoWindow(f"WebKitGTK is not there: install {_PACKAGES}") from error


def _require_web_view(gi: Any) -> None:
    try:
        gi.require_version("WebKit2", "4.1")
    except ValueError:
        gi.require_version("WebKit2", "4.0")  # Debian 11 and Ubuntu 20.04 have this one only
