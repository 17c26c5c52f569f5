"""Property tests are the same at every run, and keep no database; what one test hides, no other misses."""

from __future__ import annotations

import pytest
from hypothesis import settings

from forge import log
from forge.store import wrapping

settings.register_profile("forge", derandomize=True, database=None, deadline=None, max_examples=200)
settings.load_profile("forge")


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that a test plants would be taken out of the sentences of later ones: “project”, say."""
    monkeypatch.setattr(log, "_hidden", log._Hidden())


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a passphrase hard to guess costs half a second each time; tests/e2e pays it."""
    monkeypatch.setattr(wrapping, "USUAL_COST", 1 << 4)
