"""The window on Windows: WebView2 of Edge in a form of .NET, by pythonnet, which pywebview brings along.

Written after the documentation of pywebview, .NET and WebView2; it could not be run where it was written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from forge.desktop.toolkit import Toolkit

_THEME = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
_BALLOON = 5000  # milliseconds


class Edge(Toolkit):
    gui = "edgechromium"  # without the WebView2 Runtime pywebview takes Internet Explorer, which Toolkit refuses

    _icon: Any = None
    _line: Any = None

    def dark(self) -> bool:
        if sys.platform != "win32":
            return False
        import winreg  # noqa: PLC0415  only there

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _THEME) as key:
                return winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0
        except OSError:
            return False

    def shown(self) -> None:
        self._on_form(self._make_tray)

    def zoom(self, steps: int) -> None:
        self._zoom = self.zoomed(steps)
        self._on_form(lambda: setattr(self.window.native.browser.webview, "ZoomFactor", self._zoom))

    def copy(self, text: str) -> None:
        from System.Windows.Forms import Clipboard  # noqa: PLC0415  .NET's, only on Windows

        self._on_form(lambda: Clipboard.SetText(text))

    def notify(self, title: str, text: str) -> None:
        from System.Windows.Forms import ToolTipIcon  # noqa: PLC0415

        if self._icon is not None:
            self._on_form(lambda: self._icon.ShowBalloonTip(_BALLOON, title, text, getattr(ToolTipIcon, "None")))

    def has_tray(self) -> bool:
        return self._icon is not None

    def tray(self, text: str, count: int) -> None:
        del count

        def say() -> None:
            self._icon.Text = f"Forge: {text}"[:63]  # .NET takes no more
            self._line.Text = text

        if self._icon is not None:
            self._on_form(say)

    def end(self) -> None:
        if self._icon is not None:
            self._on_form(self._icon.Dispose)  # else a dead icon stays until the mouse passes over it
        super().end()

    def _make_tray(self) -> None:
        from System.Drawing import Icon  # noqa: PLC0415
        from System.Windows.Forms import ContextMenuStrip, NotifyIcon  # noqa: PLC0415

        menu = ContextMenuStrip()
        self._line = menu.Items.Add(self.words.idle)
        self._line.Enabled = False
        for title, what in ((self.words.show, "show"), (self.words.quit, "quit")):
            menu.Items.Add(title).Click += self._chosen(what)
        icon = NotifyIcon()
        icon.Icon = Icon.ExtractAssociatedIcon(sys.executable)
        icon.Text = "Forge"
        icon.ContextMenuStrip = menu
        icon.DoubleClick += self._chosen("show")
        icon.Visible = True
        self._icon = icon

    def _chosen(self, id: str) -> Callable[[Any, Any], None]:
        return lambda *_: self.hears.chosen(id)

    def _on_form(self, do: Callable[[], object]) -> None:
        """By the thread that the form belongs to."""
        from System import Action  # noqa: PLC0415

        self.window.native.BeginInvoke(Action(do))
