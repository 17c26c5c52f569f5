"""The application as a whole."""

from __future__ import annotations

import subprocess
import sys

from forge.api.app import make_app
from tests.api_world import world_fixture  # noqa: F401


def test_two_applications_share_nothing(world):
    other = make_app(world.runtime)
    assert other.extensions["hub"] is not world.app.extensions["hub"]
    assert other.extensions["forge"].tickets is not world.context.tickets
    assert other.test_client().get("/api/health").status_code == 200
    other.extensions["hub"].close()


def test_what_happens_reaches_the_stream(world):
    before = world.app.extensions["hub"].ring.end
    world.make_shop()
    assert world.app.extensions["hub"].ring.end > before


def test_the_cap_of_streams_is_the_settings(world):
    assert world.app.extensions["hub"]._max_readers == world.runtime.settings.max_streams


def test_serving_does_not_wait_for_what_only_the_description_needs():
    code = "import sys, forge.api.app; print([m for m in ('spectree', 'docker', 'requests') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
