"""Where links lead on Linux: Forge's own pages stay in the window, others go to the browser, files are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

_BLANK = "about:"


class Links:
    """`origin` is asked for Forge's own, as `http://127.0.0.1:8400`; `outside` takes what leads elsewhere."""

    def __init__(self, origin: Callable[[], str], outside: Callable[[str], None], save_as: str) -> None:
        self._origin, self._outside, self._save_as = origin, outside, save_as

    def attach(self, browser: Any) -> None:
        """Take over from pywebview, which lets the window itself be led away, and shows files as pages."""
        view = browser.webview
        view.disconnect_by_func(browser.on_navigation)
        view.connect("decide-policy", self._decide)
        view.get_context().connect("download-started", lambda _, download: self._download(download, browser.window))

    def _decide(self, view: Any, decision: Any, _: Any) -> bool:
        from gi.repository import WebKit2  # noqa: PLC0415  only where there is GTK

        if isinstance(decision, WebKit2.NavigationPolicyDecision):  # also its child, for new windows
            return self._decide_link(view, decision)
        if is_file(decision):
            decision.download()
            return True
        return False

    def _decide_link(self, view: Any, decision: Any) -> bool:
        action = decision.get_navigation_action()
        url = action.get_request().get_uri()
        new_window = decision.get_property("frame-name") is not None or action.get_frame_name() == "_blank"
        if not self.ours(url):
            decision.ignore()
            self._outside(url)
            return True
        if new_window:
            decision.ignore()
            view.load_uri(url)
            return True
        return False

    def ours(self, url: str) -> bool:
        """Whether the window itself may go there."""
        return url.startswith(_BLANK) or (f"{url}/").startswith(f"{self._origin()}/")

    def _download(self, download: Any, window: Any) -> None:
        download.connect("decide-destination", lambda found, name: self._decide_file(found, name, window))

    def _decide_file(self, download: Any, name: str, window: Any) -> bool:
        path = _choose_file(self._save_as, name, window)
        if path is None:
            download.cancel()
        else:
            download.set_allow_overwrite(True)  # the dialog has asked
            download.set_destination(Path(path).as_uri())
        return True


def is_file(decision: Any) -> bool:
    """Whether an answer is something to keep rather than to show."""
    headers = decision.get_response().get_http_headers()
    said = (headers.get_one("Content-Disposition") or "") if headers is not None else ""
    return said.lower().startswith("attachment") or not decision.is_mime_type_supported()


def _choose_file(title: str, name: str, window: Any) -> str | None:
    from gi.repository import GLib, Gtk  # noqa: PLC0415

    dialog = Gtk.FileChooserNative.new(title, window, Gtk.FileChooserAction.SAVE, None, None)
    dialog.set_do_overwrite_confirmation(True)
    dialog.set_current_name(name)
    folder = GLib.get_user_special_dir(GLib.UserDirectory.DIRECTORY_DOWNLOAD) or str(Path.home())
    dialog.set_current_folder(folder)
    answer = dialog.run()
    chosen: str | None = dialog.get_filename() if answer == Gtk.ResponseType.ACCEPT else None
    dialog.destroy()
    return chosen
