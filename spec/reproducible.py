"""`make reproducible`: the commit is built twice, in two folders, and the bytes compared."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
MADE = ("forge", "forge.cdx.json", "forge.sha256")


def main() -> None:
    """Ends with 1, and the first bytes that differ, where they do."""
    with tempfile.TemporaryDirectory(prefix="forge-again-") as folder:
        places = [Path(folder) / name for name in ("one", "another/of-another-length")]
        for place in places:  # both before one is built: the commit may be another by then
            subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(place)], check=True)
        built = [build(place) for place in places]
        different = [name for name in MADE if (built[0] / name).read_bytes() != (built[1] / name).read_bytes()]
        for name in different:
            print(f"{name} differs from byte {first_difference(built[0] / name, built[1] / name)} on")
        if different:
            sys.exit(1)
        print((built[0] / "forge.sha256").read_text(), end="")
        print("Built twice, in two folders: the same bytes.")


def build(place: Path) -> Path:
    """Build a clone with the packages that are installed here; its dist/."""
    (place / "ui/node_modules").symlink_to((ROOT / "ui/node_modules").resolve())
    environment = {**os.environ, "PYTHONPATH": str(place), "TZ": f"UTC{len(place.parts)}"}
    subprocess.run(["npm", "run", "build"], cwd=place / "ui", env=environment, stdout=subprocess.DEVNULL, check=True)
    said = [sys.executable, "spec/build.py"]
    subprocess.run(said, cwd=place, env=environment, stdout=subprocess.DEVNULL, check=True)
    return place / "dist"


def first_difference(one: Path, other: Path) -> int:
    pairs = zip(one.read_bytes(), other.read_bytes(), strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), one.stat().st_size)


if __name__ == "__main__":
    main()
