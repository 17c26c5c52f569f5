"""The window on Linux, as far as it needs no display; tests/window has the rest."""

from __future__ import annotations

import types

import gi
import pytest

from forge.desktop import freedesktop, gtk
from forge.desktop.gtk import Gtk
from forge.desktop.toolkit import NoWindow
from forge.desktop.words import ENGLISH


def test_without_webkit_the_packages_are_named(monkeypatch):
    def require(name, version):
        if name == "WebKit2":
            raise ValueError(f"Namespace {name} not available for version {version}")

    monkeypatch.setattr(gi, "require_version", require)
    with pytest.raises(NoWindow, match=r"install libwebkit2gtk-4\.1-0, gir1\.2-webkit2-4\.1 and gir1\.2-gtk-3\.0"):
        gtk._require_libraries()


def test_an_older_webkit_will_do(monkeypatch):
    def require(name, version):
        if (name, version) == ("WebKit2", "4.1"):
            raise ValueError("not available")

    monkeypatch.setattr(gi, "require_version", require)
    gtk._require_libraries()


@pytest.mark.parametrize(
    ("portal", "theme", "dark"),
    [
        (True, ("Adwaita", False), True),
        (False, ("Adwaita-dark", True), False),
        (None, ("Adwaita-dark", False), True),
        (None, ("Adwaita", True), True),
        (None, ("Adwaita", False), False),
    ],
)
def test_dark_is_as_the_desktop_says_else_as_the_theme_is(monkeypatch, tmp_path, portal, theme, dark):
    monkeypatch.delenv("GTK_THEME", raising=False)
    monkeypatch.setattr(freedesktop, "wants_dark", lambda: portal)
    found = dict(zip(("gtk-theme-name", "gtk-application-prefer-dark-theme"), theme, strict=True))
    window = Gtk(tmp_path, ENGLISH)
    window._settings = types.SimpleNamespace(get_property=found.__getitem__)
    assert window._find_dark() is dark
