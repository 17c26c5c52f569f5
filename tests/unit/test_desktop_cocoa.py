"""The window on macOS, with an AppKit that shows nothing."""

from __future__ import annotations

import sys
import types

import pytest

from forge.desktop import cocoa
from forge.desktop.cocoa import Cocoa
from forge.desktop.words import ENGLISH


class Any:
    """Any object of AppKit: every message is kept, and answered with the same object."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*given):
            self.calls.append((name, *given))
            return self

        return call


class NSObject:
    @classmethod
    def alloc(cls):
        return cls()

    def init(self):
        return self


@pytest.fixture
def window(monkeypatch, tmp_path):
    kit, foundation, tools = (types.ModuleType(name) for name in ("AppKit", "Foundation", "PyObjCTools"))
    kit.NSApp, kit.NSMenu, kit.NSStatusBar, kit.NSPasteboard = Any(), Any(), Any(), Any()
    kit.NSVariableStatusItemLength, kit.NSPasteboardTypeString = -1, "text"
    foundation.NSObject = NSObject
    defaults = types.SimpleNamespace(stringForKey_=lambda _: "Dark")
    foundation.NSUserDefaults = types.SimpleNamespace(standardUserDefaults=lambda: defaults)
    tools.AppHelper = types.SimpleNamespace(callAfter=lambda do: do())
    for module in (kit, foundation, tools):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    made = Cocoa(tmp_path, ENGLISH)
    made.chose = []
    made.hears = types.SimpleNamespace(chosen=made.chose.append)
    return made


def test_it_is_dark_as_the_system_is(window):
    assert window.dark()


def test_the_tray_leads_back_and_counts(window):
    assert not window.has_tray()
    window.shown()
    assert window.has_tray()
    for target in window._targets:
        target.call_(None)
    assert window.chose == ["show", "quit"]
    window.tray("Deploying shop", 2)
    assert ("setTitle_", "⚒ 2") in window._item.calls


def test_a_notice_is_handed_over_as_arguments_and_never_as_script(window, monkeypatch):
    run = []
    monkeypatch.setattr(cocoa.subprocess, "run", lambda words, **_: run.append(words))
    window.notify('shop" & quit', "dev")
    assert run[0][-2:] == ['shop" & quit', "dev"]
    assert 'shop"' not in " ".join(run[0][:-2])


def test_editing_and_clipboard_are_appkits(window):
    window.edit("select_all")
    window.copy("http://127.0.0.1:8400")
    kit = sys.modules["AppKit"]
    assert kit.NSApp.calls == [("sendAction_to_from_", "selectAll:", None, None)]
    assert ("setString_forType_", "http://127.0.0.1:8400", "text") in kit.NSPasteboard.calls
