"""The icon in the panel, where panel and library are there."""

from __future__ import annotations

import sys
import types

import gi

from forge.desktop import freedesktop, gtk_tray


def test_without_a_panel_that_shows_icons_there_is_none(monkeypatch):
    monkeypatch.setattr(freedesktop, "has_tray", lambda: False)
    assert gtk_tray.library() is None


def test_the_first_library_that_is_installed_is_taken(monkeypatch):
    def require(name, _):
        if name == "AyatanaAppIndicator3":
            raise ValueError("not available")

    other = types.ModuleType("gi.repository.AppIndicator3")
    monkeypatch.setattr(freedesktop, "has_tray", lambda: True)
    monkeypatch.setattr(gi, "require_version", require)
    monkeypatch.setitem(sys.modules, "gi.repository.AppIndicator3", other)
    assert gtk_tray.library() is other


def test_without_a_library_there_is_none(monkeypatch):
    def require(*_):
        raise ValueError("not available")

    monkeypatch.setattr(freedesktop, "has_tray", lambda: True)
    monkeypatch.setattr(gi, "require_version", require)
    assert gtk_tray.library() is None
