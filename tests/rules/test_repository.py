"""Rules for what is committed: nothing of one machine, no package index, no large binaries."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BINARY_BYTES = 200_000
# Put together here, so that this file does not name what it forbids.
INDEX_HOSTS = [
    ".".join(words) for words in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("deb", "debian", "org"))
]
MACHINE_PATHS = [
    "/" + "/".join(words)
    for words in (("work", "main"), ("work", "shared"), ("opt", "wheels"), ("opt", "pypi"), ("root", ".pyenv"))
]
FORBIDDEN = re.compile("|".join(map(re.escape, [*INDEX_HOSTS, *MACHINE_PATHS])))


def tracked() -> list[Path]:
    """What git knows of and is still there."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def is_binary(path: Path) -> bool:
    """As git tells it: a zero byte near the beginning."""
    with path.open("rb") as file:
        return b"\0" in file.read(8000)


def test_the_rule_knows_what_it_looks_for():
    assert FORBIDDEN.search("https://files." + INDEX_HOSTS[1] + "/x")
    assert not FORBIDDEN.search("https://docs.docker.com/engine/api/")


def test_no_file_names_a_package_index_or_a_place_on_one_machine():
    texts = [path for path in tracked() if not is_binary(path)]
    assert texts
    found = [
        f"{path.relative_to(ROOT)}: {hit}"
        for path in texts
        for hit in set(FORBIDDEN.findall(path.read_text(errors="replace")))
    ]
    assert not found, "\n".join(found)


def test_no_large_binary_is_committed():
    large = [
        f"{path.relative_to(ROOT)}" for path in tracked() if path.stat().st_size > BINARY_BYTES and is_binary(path)
    ]
    assert not large, large


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash(lock):
    text = (ROOT / lock).read_text()
    blocks = [block for block in re.split(r"\n(?=\S)", text) if "==" in block]
    assert blocks
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_both_locks_hold_the_same_versions():
    runtime, dev = (versions(ROOT / lock) for lock in ("requirements.lock", "requirements-dev.lock"))
    assert runtime.items() <= dev.items()


def versions(lock: Path) -> dict[str, str]:
    """Name to version, of a lock file."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE))
