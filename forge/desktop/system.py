"""Programs of the system beside the frozen file: the browser and others must not see what the bundle brings along."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

# What PyInstaller sets for its own; the user's value, if there was one, stands under NAME_ORIG.
_BUNDLE = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "GI_TYPELIB_PATH", "GIO_MODULE_DIR", "XDG_DATA_DIRS", "GTK_PATH")
_OWN = ("_PYI_", "_MEIPASS")
_BROWSERS = ("xdg-open", "x-www-browser", "sensible-browser", "firefox", "chromium", "google-chrome")
_SETTLES = 2.0  # seconds: one that cannot open a link has said so by then
_ICONS = ("forge.png", "static/favicon.svg")  # the first is made by a build


def systems_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` as it was before the bundle's loader changed it."""
    found = {name: value for name, value in environment.items() if not name.startswith(_OWN)}
    bundle = getattr(sys, "_MEIPASS", None)
    for name in _BUNDLE:
        original = found.pop(f"{name}_ORIG", None)
        if original is not None:
            found[name] = original
        elif bundle is not None and bundle in found.get(name, ""):
            del found[name]
    return found


def become(environment: Mapping[str, str]) -> None:
    """Let this process, and those that it starts, have `environment`."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def has_display() -> bool:
    """Whether there is somewhere to show a window; on Windows and macOS there always may be."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_browser(url: str) -> bool:
    """Whether the default browser took it."""
    if sys.platform in ("win32", "darwin"):
        return webbrowser.open(url)
    wanted = os.environ.get("BROWSER", "").split(os.pathsep)
    programs = (*wanted, *(_BROWSERS if has_display() else ()))
    return any(_started(program, url) for program in programs if program and shutil.which(program))


def open_path(path: Path) -> bool:
    """Show a folder or file with the system's own program."""
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606  the system decides, as on a double click
        return True
    program = "open" if sys.platform == "darwin" else "xdg-open"
    return shutil.which(program) is not None and _started(program, str(path))


def icon() -> Path | None:
    """A picture of Forge's own, if it was built."""
    places = (Path(str(resources.files("forge"))) / name for name in _ICONS)
    return next((place for place in places if place.is_file()), None)


def _started(program: str, what: str) -> bool:
    """It may be the browser itself, which stays, or one that hands on and ends."""
    try:
        process = subprocess.Popen(
            [program, what], env=systems_environment(os.environ), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        return process.wait(_SETTLES) == 0
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
