"""Which Forge this is."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge import __version__, release


def test_from_source_it_says_so():
    assert release.said() == f"{__version__} (from source)"


def test_a_built_one_says_its_commit_and_when_it_was_built(tmp_path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "build.json").write_text('{"version": "0", "commit": "1ca42800e1f2", "built": "2026-11-25T17:52:37Z"}')
    monkeypatch.setattr(release.resources, "files", lambda _: Path(tmp_path))
    assert release.said() == f"{__version__} (commit 1ca42800e1f2, built 2026-11-25T17:52:37Z)"
