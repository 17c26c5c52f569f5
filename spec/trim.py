"""What is left out of the file, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable

Entry = tuple[str, str, str]  # where in the bundle, where from, kind

MODULES = [
    "tkinter",  # the window is the system's web view
    "unittest", "pydoc", "pydoc_data", "doctest", "pdb", "lib2to3", "test",  # for people who write Python
    "setuptools", "pip", "pkg_resources",
    "IPython", "numpy", "PIL",  # rich and others look whether they are there
    "pygments",  # rich highlights code with it; Forge shows none
    "watchdog", "pydantic",  # werkzeug's reloader, spectree's other way
    "PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "webview.platforms.qt",  # a web view of its own: 150 MB more
    "webview.platforms.android", "webview.platforms.cef", "webview.platforms.mshtml", "kivy", "jnius", "cefpython3",
    "cairo", "gi._gi_cairo",  # for programs that draw
]  # fmt: skip

# Services of Apprise that show a message on the machine that Forge runs on.
SERVICES = [f"apprise.plugins.{name}" for name in ("dbus", "glib", "gnome", "macosx", "windows", "syslog", "blink1")]

# What the user's graphics driver, web view and X libraries load too: the bundle's folder comes first in the search
# path, so an older copy of ours would break a newer system. The idea is AppImage's excludelist.
_SYSTEM = re.compile(
    r"^lib(stdc\+\+|gcc_s|X11|X11-xcb|Xau|Xdmcp|Xext|xcb(-\w+)?|gbm|drm|expat|z|zstd|udev|fontconfig|freetype|png16"
    r"|brotli\w+|tinfo\w*|ncurses\w*|readline|selinux|mount|blkid|pcre2-8|wayland-client)\.so"
)


# The window's toolkit is the system's: of GTK only Python's binding is inside. What is of the system is found at run
# time by gi itself; PyInstaller's hooks for these names would bring all of GTK along.
_GTK = (
    "Gdk", "GdkPixbuf", "Gio", "GioUnix", "GioWin32", "GLib", "GLibUnix", "GObject", "Gtk", "Pango", "Soup", "WebKit2",
    "cairo", "freetype2", "xlib", "AyatanaAppIndicator3", "AppIndicator3",
)  # fmt: skip
_GTK_LIBRARY = re.compile(
    r"^lib(girepository|glib|gobject|gio|gmodule|gthread|cairo\S*|pixman|Xrender|bsd|md)(-\S+)?\.so"
)
_GTK_HOOK = re.compile(r"^pyi_rth_(gi|glib|gtk|gio|gdkpixbuf)")


def modules(*, linux: bool, windows: bool, mac: bool) -> list[str]:
    """What is not imported into the file on this system."""
    others = [] if windows else ["webview.platforms.winforms", "webview.platforms.edgechromium", "clr"]
    others += [] if mac else ["webview.platforms.cocoa", "objc"]
    others += [f"gi.repository.{name}" for name in _GTK] if linux else ["gi", "webview.platforms.gtk"]
    return MODULES + others


def scripts(found: Iterable[Entry]) -> list[Entry]:
    """Without the hooks that would point GTK into the bundle."""
    return [entry for entry in found if not _GTK_HOOK.match(entry[0])]


def binaries(found: Iterable[Entry]) -> list[Entry]:
    """Without the libraries that every system has of its own, those of GTK, and readline."""
    left = [entry for entry in found if not _SYSTEM.match(entry[0]) and "lib-dynload/readline" not in entry[0]]
    return [entry for entry in left if not _GTK_LIBRARY.match(entry[0])]


def names_in_folder(modules: Iterable[str]) -> list[str]:
    """Of Apprise's services: the files that stand for them in its folder. Parts of one are not its own."""
    names = {module.split(".")[2] for module in modules if module.count(".") >= 2}
    return [f"apprise/plugins/{name}.py" for name in sorted(names)]


def datas(found: Iterable[Entry]) -> list[Entry]:
    """Without what only people who write Python read, and what GTK has of its own."""
    left = [entry for entry in found if not entry[0].endswith((".pyi", "py.typed", ".gitkeep"))]
    return [entry for entry in left if not entry[0].startswith("gi_typelibs")]
