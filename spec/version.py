"""Version, commit and time of a build, each from one place; as JSON for Forge and as Windows wants it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def number() -> str:
    """The version, from forge/__init__.py."""
    found = re.search(r'^__version__ = "([^"]+)"', (ROOT / "forge/__init__.py").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit("forge/__init__.py says no version.")
    return found[1]


def stamp() -> int:
    """When this was built, in unix seconds: when the commit was made, so that the same commit gives the same bytes."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or time.time())


def facts() -> dict[str, str]:
    """What the build says of itself."""
    commit = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    built = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stamp()))
    return {"version": number(), "commit": f"{commit}+changes" if changed else commit, "built": built}


def write(folder: Path) -> None:
    """build.json and, for Windows, version.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "build.json").write_text(json.dumps(facts()) + "\n", "utf-8")
    (folder / "version.txt").write_text(_windows(), "utf-8")


def _git(*words: str) -> str:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _windows() -> str:
    parts = (*(int(part) for part in re.findall(r"\d+", number())[:3]), 0)
    words = {
        "CompanyName": "Forge",
        "FileDescription": "Forge, a deploy tool",
        "FileVersion": number(),
        "InternalName": "forge",
        "OriginalFilename": "forge.exe",
        "ProductName": "Forge",
        "ProductVersion": number(),
        "LegalCopyright": "MIT licence",
    }
    structs = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in words.items())
    strings = f"StringFileInfo([StringTable('040904B0', [{structs}])])"
    languages = "VarFileInfo([VarStruct('Translation', [1033, 1200])])"
    fixed = f"FixedFileInfo(filevers={parts}, prodvers={parts})"
    return f"VSVersionInfo(ffi={fixed}, kids=[{strings}, {languages}])\n"
