"""The browser's first day, against the one file."""

from __future__ import annotations

import pytest

from tests.browser.test_story_first_day import telling, test_the_first_day  # noqa: F401

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test may wait for the build
