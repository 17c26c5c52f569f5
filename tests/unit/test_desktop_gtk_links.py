"""Where links lead on Linux."""

from __future__ import annotations

import types

import pytest

from forge.desktop.gtk_links import Links, is_file

HERE = "http://127.0.0.1:8400"


class Decision:
    """What WebKit asks about: a link."""

    def __init__(self, url, *, blank=False):
        request = types.SimpleNamespace(get_uri=lambda: url)
        frame = "_blank" if blank else None
        self._action = types.SimpleNamespace(get_request=lambda: request, get_frame_name=lambda: frame)
        self.ignored = False

    def get_navigation_action(self):
        return self._action

    def get_property(self, name):
        return None

    def ignore(self):
        self.ignored = True


class View:
    def __init__(self):
        self.loaded = []

    def load_uri(self, url):
        self.loaded.append(url)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        (f"{HERE}/projects/shop", True),
        (HERE, True),
        ("about:blank", True),
        (f"{HERE}.evil.example/", False),
        ("http://127.0.0.1:8401/", False),
        ("https://example.org/", False),
        ("file:///etc/passwd", False),
        (f"http://me@evil.example/{HERE}/", False),
    ],
)
def test_only_forges_own_pages_are_shown(url, ours):
    outside, view, decision = [], View(), Decision(url)
    links = Links(lambda: HERE, outside.append, "Save As")
    assert links._decide_link(view, decision) is not ours
    assert decision.ignored is not ours
    assert outside == ([] if ours else [url])


def test_a_new_window_of_our_own_is_this_one():
    outside, view = [], View()
    Links(lambda: HERE, outside.append, "Save As")._decide_link(view, Decision(f"{HERE}/deploys", blank=True))
    assert (view.loaded, outside) == ([f"{HERE}/deploys"], [])


@pytest.mark.parametrize(
    ("said", "shown", "file"),
    [("attachment; filename=forge.yaml", True, True), ("", False, True), ("", True, False), ("inline", True, False)],
)
def test_what_is_to_be_kept_is_not_shown(said, shown, file):
    headers = types.SimpleNamespace(get_one=lambda _: said or None)
    response = types.SimpleNamespace(get_http_headers=lambda: headers)
    assert is_file(types.SimpleNamespace(get_response=lambda: response, is_mime_type_supported=lambda: shown)) is file
