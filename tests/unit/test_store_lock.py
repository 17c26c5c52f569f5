"""One Forge per data folder."""

import os
import subprocess
import sys

import pytest

from forge.domain.errors import Conflict
from forge.store.lock import FolderLock


def test_a_second_one_is_told_what_to_do(tmp_path):
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    first.take()
    with pytest.raises(Conflict, match="--data") as raised:
        second.take()
    assert raised.value.code == "already_running"
    assert str(tmp_path) in raised.value.message
    assert (tmp_path / "lock").read_text() == str(os.getpid())
    first.release()
    second.take()
    second.release()


def test_releasing_twice_or_never_taken_is_no_error(tmp_path):
    lock = FolderLock(tmp_path / "lock")
    lock.release()
    lock.take()
    lock.release()
    lock.release()


def test_a_killed_forge_leaves_no_lock(tmp_path):
    path = tmp_path / "lock"
    program = (
        "import sys, time; from pathlib import Path; from forge.store.lock import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); lock.take(); print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Conflict):
            FolderLock(path).take()
        assert path.read_text() == str(other.pid)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    lock = FolderLock(path)
    lock.take()
    lock.release()
