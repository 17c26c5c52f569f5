"""Property tests are the same at every run, and keep no database."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("forge", derandomize=True, database=None, deadline=None, max_examples=200)
settings.load_profile("forge")
