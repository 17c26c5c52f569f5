"""What Linux desktops agree on over D-Bus: whether they are dark, and notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MILLISECONDS = 500  # a desktop that does not answer must not hold the window up
_PORTAL = "org.freedesktop.portal.Desktop"
_NOTICES = "org.freedesktop.Notifications"
_DARK = 1  # of “color-scheme”: 0 no preference, 1 dark, 2 light


def wants_dark() -> bool | None:
    """As the settings portal says; None if there is none, or it has no preference."""
    asked = _variant("(ss)", ("org.freedesktop.appearance", "color-scheme"))
    answer = _call(_PORTAL, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings.Read", asked)
    if answer is None:
        return None
    scheme = answer.unpack()[0]
    return None if scheme == 0 else bool(scheme == _DARK)


def follow_dark(changed: Callable[[bool], None]) -> None:
    """Call `changed`, in GTK's thread, whenever the desktop turns dark or light."""
    from gi.repository import Gio, GLib  # noqa: PLC0415

    def heard(*signal: Any) -> None:
        _, name, value = signal[5].unpack()
        if name == "color-scheme":
            changed(value == _DARK)

    try:
        bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    except GLib.Error:
        return
    bus.signal_subscribe(
        _PORTAL, "org.freedesktop.portal.Settings", "SettingChanged", None, "org.freedesktop.appearance",
        Gio.DBusSignalFlags.NONE, heard,
    )  # fmt: skip


def notify(title: str, text: str) -> bool:
    """Whether somebody shows it.

    https://specifications.freedesktop.org/notification-spec/
    """
    hints = {"desktop-entry": _variant("s", "forge")}
    asked = _variant("(susssasa{sv}i)", ("Forge", 0, "forge", title, text, [], hints, -1))
    path = "/org/freedesktop/Notifications"
    return _call(_NOTICES, path, f"{_NOTICES}.Notify", asked) is not None


def has_tray() -> bool:
    """Whether the panel shows status icons.

    https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
    """
    asked = _variant("(s)", ("org.kde.StatusNotifierWatcher",))
    answer = _call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", asked)
    return answer is not None and bool(answer.unpack()[0])


def _variant(signature: str, value: object) -> Any:
    from gi.repository import GLib  # noqa: PLC0415  only where there is GTK

    return GLib.Variant(signature, value)


def _call(name: str, path: str, method: str, asked: Any) -> Any:
    """The answer; None if there is no bus, or nobody of that name."""
    from gi.repository import Gio, GLib  # noqa: PLC0415

    interface, _, member = method.rpartition(".")
    try:
        bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        return bus.call_sync(name, path, interface, member, asked, None, Gio.DBusCallFlags.NONE, _MILLISECONDS, None)
    except GLib.Error:
        return None
