"""`python spec/build.py`, as `make build` runs it: Forge as one file in dist/, tried out, with its checksum."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import icons
import version

ROOT = Path(__file__).parent.parent
MADE = ROOT / "build" / "spec"
DIST = ROOT / "dist"


def main() -> None:
    if not (ROOT / "forge/static/index.html").is_file():
        raise SystemExit("The board is not built: run `make ui` first.")
    if sys.platform.startswith("linux") and find_spec("gi") is None:
        print("PyGObject is not there: this file will open the browser instead of a window (docs/window.md).")
    version.write(MADE)
    icons.write(MADE)
    built = freeze()
    subprocess.run([built, "self-test"], check=True)
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    (DIST / f"{built.name}.sha256").write_text(f"{digest}  {built.name}\n", "ascii")
    print(f"{built}: {built.stat().st_size / 1e6:.1f} MB, sha256 {digest}")


def freeze() -> Path:
    """Run PyInstaller; with a fixed hash seed and time the same commit gives the same bytes."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(DIST), "--workpath", str(ROOT / "build/pyinstaller"), str(ROOT / "spec/forge.spec")]
    fixed = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(version.stamp())}
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **fixed})
    return DIST / ("forge.exe" if sys.platform == "win32" else "forge")


if __name__ == "__main__":
    main()
