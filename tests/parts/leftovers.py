"""Leave nothing behind: processes, mounts and folders of a private engine, also of a run that was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from tests.parts.network import remove_bridges
from tests.parts.process import PartMissing

PREFIX = "forge-parts-"


def need_root() -> None:
    """Raise PartMissing unless we are root: bridges and mounts need it."""
    if os.geteuid() != 0:
        raise PartMissing("A private Docker engine needs root: run as root, or set DOCKER_HOST for the demo.")


def new_folder() -> Path:
    """A throw-away folder that carries our process id, so that a later run can tell it was abandoned."""
    sweep()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def sweep() -> None:
    """Remove what runs that no longer live have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not _lives(owner):
            remove(folder)


def _lives(pid: str) -> bool:
    """Whether the process runs; one that ended and was not reaped does not."""
    try:
        return "State:\tZ" not in Path("/proc", pid, "status").read_text()
    except OSError:
        return False


def can_overlay(folder: Path) -> bool:
    """Whether an overlay can be mounted on this folder's disk."""
    trial = folder / "trial"
    names = [trial / name for name in ("lower", "upper", "work", "merged")]
    for name in names:
        name.mkdir(parents=True, exist_ok=True)
    lower, upper, work, merged = names
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, str(merged)], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        subprocess.run(["umount", str(merged)], check=True)
    shutil.rmtree(trial)
    return mounted.returncode == 0


def note_range(folder: Path, address_range: str) -> None:
    """Write down which bridges come with the folder, for remove()."""
    (folder / "address-range").write_text(address_range)


def remove(folder: Path) -> None:
    """End what still runs from this folder, undo its mounts, remove its bridges and delete it."""
    _end_processes(folder)
    for mount in reversed(_mounts(folder)):
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
    for note in (folder / "address-range", *folder.glob("*/address-range")):
        if note.exists():
            remove_bridges(note.read_text())
    shutil.rmtree(folder, ignore_errors=True)


def _end_processes(folder: Path) -> None:
    for _ in range(100):
        ids = _processes(folder)
        if not ids:
            return
        for pid in ids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _processes(folder: Path) -> list[int]:
    """Those that came from the folder: the daemon, its containerd, the shims, and what runs in containers."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(entry.name) != os.getpid() and _comes_from(entry, f"{folder}/"):
                found.append(int(entry.name))
    return found


def _comes_from(process: Path, folder: str) -> bool:
    """A program started by us names the folder; a container's root is mounted from it."""
    if folder.encode() in (process / "cmdline").read_bytes():
        return True
    roots = [line for line in (process / "mountinfo").read_text().splitlines() if line.split()[4] == "/"]
    return any(folder in root for root in roots)


def _mounts(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if line.split()[1].startswith(f"{folder}/")]
