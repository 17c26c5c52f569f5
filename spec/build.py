"""`python spec/build.py`, as `make build` runs it: Forge in dist/, tried out, with what it holds and the checksums.

One file; with --folder also a folder, which unpacks nothing when it starts: for a container.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import icons
import loader
import sbom
import version

ROOT = Path(__file__).parent.parent
MADE = ROOT / "build" / "spec"
DIST = ROOT / "dist"


def main(*, folder: bool) -> None:
    if not (ROOT / "forge/static/index.html").is_file():
        raise SystemExit("The board is not built: run `make ui` first.")
    if sys.platform.startswith("linux") and find_spec("gi") is None:
        print("PyGObject is not there: this file will open the browser instead of a window (docs/window.md).")
    version.write(MADE)
    icons.write(MADE)
    built, *others = freeze(folder=folder)
    for made in (built, *others):
        subprocess.run([made, "self-test"], check=True)
    described = sbom.write(built, version.facts(), version.stamp())
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in (built, described))
    (DIST / f"{built.name}.sha256").write_text(sums, "ascii", newline="\n")
    print(f"{built}: {built.stat().st_size / 1e6:.1f} MB\n{sums}", end="")


def freeze(*, folder: bool) -> list[Path]:
    """Run PyInstaller, the one file first; with a fixed hash seed and time the same commit gives the same bytes."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(DIST), "--workpath", str(ROOT / "build/pyinstaller"), str(ROOT / "spec/forge.spec")]
    fixed = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(version.stamp()), "FORGE_FOLDER": "1" if folder else ""}
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **fixed})
    name = "forge.exe" if sys.platform == "win32" else "forge"
    if sys.platform == "linux":
        loader.speak(DIST / name)
    return [DIST / name, *([DIST / "forge-folder" / name] if folder else [])]


if __name__ == "__main__":
    main(folder="--folder" in sys.argv[1:])
