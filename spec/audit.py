"""Known vulnerabilities in what Forge is made of, as far as the registries answer: `make audit`.

A package that nobody looked up is not a clean one: pip-audit says “No known vulnerabilities found” of it all the same.
Ends with 1 if something was found, with 2 if the asking itself failed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_LISTED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of asking about `what`: how many packages were looked up, those that were `missed`, what is known of
    them, and why it could not be asked.
    """

    what: str
    looked_up: int = 0
    missed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    failed: str = ""

    def sentences(self) -> list[str]:
        """For a person; what is not clean begins with what is wrong."""
        if self.failed:
            return [f"{self.what}: could not be asked: {self.failed}"]
        said = [f"{self.what}: found: {one}" for one in self.known]
        if not self.looked_up:
            return [f"{self.what}: NOT LOOKED AT: the registry does not answer questions about vulnerabilities"]
        if self.missed:
            names = ", ".join(self.missed[:_LISTED]) + (" …" if len(self.missed) > _LISTED else "")
            said.append(f"{self.what}: NOT LOOKED AT: {len(self.missed)} packages that the registry knows not: {names}")
        if not self.known:
            said.append(f"{self.what}: no known vulnerabilities in {self.looked_up} packages")
        return said

    @property
    def is_clean(self) -> bool:
        return not (self.failed or self.known or self.missed) and self.looked_up > 0


def pins(lock: str) -> dict[str, str]:
    """Name → version, of every system: pip-audit leaves out what is for another one than its own."""
    return {name.lower(): version for name, version in _PIN.findall(lock)}


def read_pip_audit(output: str, said: str, wanted: dict[str, str]) -> Found:
    """What pip-audit found, of its JSON and of what it `said` beside."""
    what = "Python packages"
    try:
        asked = {one["name"].lower(): one for one in json.loads(output)["dependencies"]}
    except (ValueError, KeyError, TypeError):
        return Found(what=what, failed=_last(said or output))
    looked_up = {name for name, one in asked.items() if name in wanted and "vulns" in one}
    return Found(
        what=what, looked_up=len(looked_up), missed=tuple(sorted(wanted.keys() - looked_up)),
        known=tuple(_advisory(one, advisory) for name, one in asked.items() for advisory in one.get("vulns", ())),
    )  # fmt: skip


def _advisory(package: dict[str, Any], advisory: dict[str, Any]) -> str:
    better = ", ".join(advisory.get("fix_versions") or ()) or "no version yet"
    return f"{package['name']} {package['version']}: {advisory['id']} (mended in: {better})"


def read_npm_audit(output: str, said: str) -> Found:
    """What npm audit found, of its JSON and of what it `said` beside."""
    what = "Packages of the board"
    try:
        report = json.loads(output)
        if "auditReportVersion" not in report:
            no_such_question = 400 <= report.get("statusCode", 0) < 500
            return Found(what=what, failed="" if no_such_question else _reason(report))
        return Found(
            what=what, looked_up=int(report["metadata"]["dependencies"]["total"]),
            known=tuple(_vulnerable(one) for one in report["vulnerabilities"].values()),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return Found(what=what, failed=_last(said or output))


def _vulnerable(one: dict[str, Any]) -> str:
    """Its own advisories, else what it hangs on that has some."""
    via = [cause["title"] if isinstance(cause, dict) else f"by way of {cause}" for cause in one["via"]]
    return f"{one['name']} {one['range']} ({one['severity']}): {'; '.join(via)}"


def _reason(report: dict[str, Any]) -> str:
    error = report.get("error")
    summary = error.get("summary") if isinstance(error, dict) else None
    return str(summary or report.get("message") or "no reason given")


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "it said nothing"


def _ask(command: Sequence[str], folder: Path) -> tuple[str, str]:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, done.stderr


def python_packages() -> Found:
    """Ask pip-audit, which stands beside the Python that runs this."""
    wanted = pins((ROOT / "requirements.lock").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pins.txt")
        file.write_text("".join(f"{name}=={version}\n" for name, version in wanted.items()), "utf-8")
        audit = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        return read_pip_audit(*_ask([*audit, "--format", "json", "-r", str(file)], ROOT), wanted)


def board_packages() -> Found:
    """Ask npm. All of them: what the board is built of stands among the packages for development."""
    return read_npm_audit(*_ask(["npm", "audit", "--package-lock-only", "--json"], ROOT / "ui"))


def told(all: Sequence[Found]) -> int:
    """Say it, and how to end."""
    mark = "::warning::" if os.environ.get("GITHUB_ACTIONS") else ""  # else nobody reads the log of what is green
    for found in all:
        for sentence in found.sentences():
            print(sentence if found.is_clean else f"{mark}{sentence}")
    if any(found.known for found in all):
        return 1
    return 2 if any(found.failed for found in all) else 0


if __name__ == "__main__":
    sys.exit(told((python_packages(), board_packages())))
