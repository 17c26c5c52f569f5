"""What is left out of the file, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable

Entry = tuple[str, str, str]  # where in the bundle, where from, kind

MODULES = [
    "tkinter",  # no window of ours
    "unittest", "pydoc", "pydoc_data", "doctest", "pdb", "lib2to3", "test",  # for people who write Python
    "setuptools", "pip", "pkg_resources",
    "IPython", "numpy", "PIL",  # rich and others look whether they are there
    "pygments",  # rich highlights code with it; Forge shows none
    "watchdog", "pydantic",  # werkzeug's reloader, spectree's other way
]  # fmt: skip

# Services of Apprise that show a message on the machine that Forge runs on.
SERVICES = [f"apprise.plugins.{name}" for name in ("dbus", "glib", "gnome", "macosx", "windows", "syslog", "blink1")]

# What the user's graphics driver, web view and X libraries load too: the bundle's folder comes first in the search
# path, so an older copy of ours would break a newer system. The idea is AppImage's excludelist.
_SYSTEM = re.compile(
    r"^lib(stdc\+\+|gcc_s|X11|X11-xcb|Xau|Xdmcp|Xext|xcb(-\w+)?|gbm|drm|expat|z|zstd|udev|fontconfig|freetype|png16"
    r"|brotli\w+|tinfo\w*|ncurses\w*|readline|selinux|mount|blkid|pcre2-8|wayland-client)\.so"
)


def binaries(found: Iterable[Entry]) -> list[Entry]:
    """Without the libraries that every system has of its own, and without readline."""
    return [entry for entry in found if not _SYSTEM.match(entry[0]) and "lib-dynload/readline" not in entry[0]]


def names_in_folder(modules: Iterable[str]) -> list[str]:
    """Of Apprise's services: the files that stand for them in its folder. Parts of one are not its own."""
    names = {module.split(".")[2] for module in modules if module.count(".") >= 2}
    return [f"apprise/plugins/{name}.py" for name in sorted(names)]


def datas(found: Iterable[Entry]) -> list[Entry]:
    """Without what only people who write Python read."""
    return [entry for entry in found if not entry[0].endswith((".pyi", "py.typed", ".gitkeep"))]
