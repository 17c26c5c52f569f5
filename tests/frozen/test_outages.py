"""The line is cut, and the one file is started anew under an open page."""

from __future__ import annotations

import pytest

from tests.browser.test_story_outages import (  # noqa: F401
    relay,
    shop,
    test_a_cut_line_comes_back_with_what_was_missed,
    test_a_log_goes_on_after_a_cut_without_a_hole,
    test_forge_is_started_anew_under_an_open_page,
)

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test may wait for the build
