"""A desktop's session bus with nothing on it but what a test puts there: `python -m tests.window.session FILE`.

It takes the names of a notice daemon and of a panel with a tray, and writes what they are given into FILE, a JSON
object a line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gi.repository import Gio, GLib

INTERFACES = """
<node>
  <interface name="org.freedesktop.Notifications">
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
      <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
    </method>
  </interface>
  <interface name="org.kde.StatusNotifierWatcher">
    <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
    <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
    <property name="ProtocolVersion" type="i" access="read"/>
  </interface>
</node>
"""
NAMES = ("org.freedesktop.Notifications", "org.kde.StatusNotifierWatcher")
PATHS = ("/org/freedesktop/Notifications", "/StatusNotifierWatcher")


def main(file: Path) -> None:
    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)

    def called(*call_: Any) -> None:
        _, sender, _, _, method, given, call = call_
        line = json.dumps({"method": method, "sender": sender, "given": [str(one) for one in given.unpack()]})
        with file.open("a") as kept:
            kept.write(f"{line}\n")
        call.return_value(GLib.Variant("(u)", (1,)) if method == "Notify" else None)

    def asked(_: Any, sender: str, path: str, interface: str, name: str) -> Any:
        del sender, path, interface
        return GLib.Variant("b", True) if name.startswith("Is") else GLib.Variant("i", 0)

    for name, path, interface in zip(NAMES, PATHS, Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces, strict=True):
        bus.register_object(path, interface, called, asked, None)
        Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, None, None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
