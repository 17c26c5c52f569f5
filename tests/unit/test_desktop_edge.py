"""The window on Windows, with a .NET that shows nothing."""

from __future__ import annotations

import sys
import types

import pytest

from forge.desktop.edge import Edge
from forge.desktop.words import ENGLISH


class Net:
    """Any object of .NET: takes properties, listeners and calls, which it keeps."""

    def __init__(self):
        self.__dict__["calls"] = []

    def __getattr__(self, name):
        if name in {"Click", "DoubleClick"}:
            return []
        return lambda *given: self.calls.append((name, *given)) or Net()

    def __setattr__(self, name, value):
        self.__dict__[name] = value


class Strip(Net):
    def __init__(self):
        super().__init__()
        self.entries = []
        self.Items = types.SimpleNamespace(Add=self._add)

    def _add(self, title):
        entry = types.SimpleNamespace(Text=title, Enabled=True, Click=Listeners())
        self.entries.append(entry)
        return entry


class Listeners(list):
    def __iadd__(self, listener):
        self.append(listener)
        return self


@pytest.fixture
def window(monkeypatch, tmp_path):
    system, drawing, forms = (types.ModuleType(name) for name in ("System", "System.Drawing", "System.Windows.Forms"))
    system.Action = lambda do: do
    drawing.Icon = types.SimpleNamespace(ExtractAssociatedIcon=lambda path: path)
    forms.ContextMenuStrip, forms.Clipboard = Strip, Net()
    forms.ToolTipIcon = types.SimpleNamespace(**{"None": 0})

    class NotifyIcon(Net):
        def __init__(self):
            super().__init__()
            self.DoubleClick = Listeners()

    forms.NotifyIcon = NotifyIcon
    for module in (system, drawing, types.ModuleType("System.Windows"), forms):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    made = Edge(tmp_path, ENGLISH)
    view = types.SimpleNamespace(ZoomFactor=1.0)
    native = types.SimpleNamespace(BeginInvoke=lambda do: do(), browser=types.SimpleNamespace(webview=view))
    made.window = types.SimpleNamespace(native=native, destroy=lambda: None)
    made.chose = []
    made.hears = types.SimpleNamespace(chosen=made.chose.append)
    return made


def test_the_tray_shows_what_is_under_way_and_leads_back(window):
    assert not window.has_tray()
    window.shown()
    assert window.has_tray()
    window.tray("Deploying " + "x" * 80, 1)
    line, show, leave = window._icon.ContextMenuStrip.entries
    assert line.Text.startswith("Deploying")
    assert len(window._icon.Text) == 63
    show.Click[0](None, None)
    leave.Click[0](None, None)
    assert window.chose == ["show", "quit"]


def test_a_notice_is_a_balloon_and_the_icon_goes_with_the_window(window):
    window.notify("nobody", "sees it")
    window.shown()
    window.notify("shop 1.2 is live", "dev")
    window.end()
    names = [call[0] for call in window._icon.calls]
    assert names == ["ShowBalloonTip", "Dispose"]


def test_zoom_and_clipboard_are_windows_own(window):
    window.zoom(1)
    window.copy("http://127.0.0.1:8400")
    assert window.window.native.browser.webview.ZoomFactor == pytest.approx(1.1)
    assert sys.modules["System.Windows.Forms"].Clipboard.calls == [("SetText", "http://127.0.0.1:8400")]


def test_elsewhere_it_is_not_dark(window):
    assert window.dark() is False
