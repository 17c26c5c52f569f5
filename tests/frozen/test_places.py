"""Where the one file may lie and unpack: a read-only place, and a TMPDIR that is full or runs no programs."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.forge_process import ROOT
from tests.frozen.conftest import NOBODY

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]  # the first test may wait for the build


@contextlib.contextmanager
def mounted(place: Path, *options: str) -> Iterator[Path]:
    """A file system at `place`, as `mount` takes it."""
    place.mkdir()
    subprocess.run(["mount", *options, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def run(executable: Path, *words: str, **environment: object) -> tuple[int, str]:
    """Its exit code, and all that it said."""
    done = subprocess.run(
        [executable, *words], env={name: str(value) for name, value in environment.items()}, cwd="/",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
        user=NOBODY, group=NOBODY, extra_groups=[],
    )  # fmt: skip
    return done.returncode, done.stdout


def test_it_runs_from_a_place_where_nothing_can_be_written(executable, home, folder):
    source = folder / "source"
    source.mkdir()
    shutil.copy(executable, source)
    with mounted(folder / "read-only", "--bind", str(source)) as place:
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
        assert not (place / "forge").parent.stat().st_mode & 0o002
        code, said = run(place / "forge", "self-test", HOME=home)
    assert code == 0, said


def test_a_full_tmpdir_is_one_sentence_that_says_what_to_do(executable, home, folder):
    with mounted(folder / "full", "-t", "tmpfs", "-o", "size=2m,mode=1777", "tmpfs") as full:
        code, said = run(executable, "serve", HOME=home, TMPDIR=full)
    assert (code, said) == (255, "Forge has no room to unpack: set TMPDIR to where 60 MB are free\n")


def test_a_tmpdir_without_room_for_one_more_file_is_one_sentence(executable, home, folder):
    with mounted(folder / "full", "-t", "tmpfs", "-o", "nr_inodes=8,mode=1777", "tmpfs") as full:
        code, said = run(executable, "serve", HOME=home, TMPDIR=full)
    assert code == 255
    assert said.count("\n") == 1
    assert "set TMPDIR" in said


def test_a_tmpdir_that_runs_no_programs_is_one_sentence(executable, home, folder):
    with mounted(folder / "noexec", "-t", "tmpfs", "-o", "noexec,mode=1777", "tmpfs") as noexec:
        code, said = run(executable, "serve", HOME=home, TMPDIR=noexec)
        left = list(noexec.iterdir())
    assert (code, left) == (255, [])
    assert said.startswith("Set TMPDIR to where programs may run: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("options", ["ro", "mode=0755"])
def test_a_tmpdir_that_may_not_be_written_is_passed_over_for_another(executable, home, folder, options):
    with mounted(folder / "closed", "-t", "tmpfs", "-o", options, "tmpfs") as closed:
        code, said = run(executable, "--version", HOME=home, TMPDIR=closed)
    assert code == 0
    assert said.startswith("forge ")


def test_a_loader_that_says_other_words_ends_the_build(tmp_path):
    """Else a newer PyInstaller would bring its own words back, and nobody would notice."""
    (tmp_path / "forge").write_bytes(b"Could not make a temporary directory!\n\0" * 100)
    code = "import sys, pathlib; sys.path.insert(0, 'spec'); import loader; loader.speak(pathlib.Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "forge"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no longer says" in done.stderr


def test_a_data_folder_that_is_anothers_is_one_sentence(executable, home, folder):
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o700)
    code, said = run(executable, "serve", "--data", str(theirs), HOME=home)
    assert code == 22
    assert said.count("\n") == 1
    assert "Give the data folder to the user that runs Forge" in said or "Give it to the user" in said
