"""What Linux desktops say over D-Bus; here there is no bus, and answers are made up."""

from __future__ import annotations

import pytest
from gi.repository import Gio, GLib

from forge.desktop import freedesktop


class Bus:
    """Answers every call with one value, and keeps what was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def call_sync(self, *asked):
        self.asked.append(asked)
        if self.answer is None:
            raise GLib.Error("nobody")
        return self.answer


@pytest.fixture
def bus(monkeypatch):
    def put(signature=None, value=None):
        made = Bus(GLib.Variant(signature, value) if signature else None)
        monkeypatch.setattr(Gio, "bus_get_sync", lambda *_: made)
        return made

    return put


@pytest.mark.parametrize(("scheme", "dark"), [(0, None), (1, True), (2, False)])
def test_dark_is_as_the_portal_says(bus, scheme, dark):
    bus("(v)", (GLib.Variant("u", scheme),))
    assert freedesktop.wants_dark() is dark


def test_a_desktop_that_does_not_answer_has_no_opinion(bus):
    bus()
    assert freedesktop.wants_dark() is None
    assert not freedesktop.has_tray()
    assert not freedesktop.notify("a", "b")


def test_a_notice_carries_its_words(bus):
    made = bus("(u)", (1,))
    assert freedesktop.notify("shop 1.2 is live", "dev")
    (asked,) = made.asked
    assert asked[:4] == (
        "org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications", "Notify",
    )  # fmt: skip
    assert asked[4].unpack()[3:5] == ("shop 1.2 is live", "dev")


def test_a_desktop_that_turns_dark_is_heard(bus):
    made, turned = bus(), []
    made.signal_subscribe = lambda *given: setattr(made, "heard", given[-1])
    freedesktop.follow_dark(turned.append)
    for name, scheme in (("color-scheme", 1), ("accent-color", 1), ("color-scheme", 2)):
        value = GLib.Variant("(ssv)", ("org.freedesktop.appearance", name, GLib.Variant("u", scheme)))
        made.heard(made, "sender", "path", "interface", "SettingChanged", value)
    assert turned == [True, False]


@pytest.mark.parametrize("there", [True, False])
def test_a_tray_is_there_if_its_watcher_is(bus, there):
    bus("(b)", (there,))
    assert freedesktop.has_tray() is there
