"""docs/promises.md, made by the run of all tests: each promise of SECURITY.md, what backs it, and how that went.

A test backs a promise by `@pytest.mark.promise("name")`, or by standing in ELSEWHERE. The table is written when every
file that backs one was run as a whole.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SECURITY = ROOT / "SECURITY.md"
TABLE = ROOT / "docs" / "promises.md"
# Files all of whose tests back a promise, beside what they are for.
ELSEWHERE = {
    "tests/unit/test_api_guard.py": "routes",
    "tests/contract/test_http.py": "contract",
    "tests/contract/test_engine_endpoints.py": "least-power",
    "tests/unit/test_engines_recipe.py": "least-power",
    "tests/unit/test_domain_capabilities.py": "least-power",
    "tests/unit/test_deploy_hostpaths.py": "host-paths",
    "tests/unit/test_notify_reach.py": "outgoing",
    "tests/canaries/test_canaries.py": "secrets",
    "tests/unit/test_vault.py": "at-rest",
    "tests/unit/test_api_roles.py": "roles",
    "tests/e2e/test_story_people.py": "roles",
    "tests/unit/test_api_session.py": "sign-in",
    "tests/unit/test_people_codes.py": "sign-in",
    "tests/unit/test_people_entrance.py": "sign-in",
    "tests/unit/test_people_passwords.py": "sign-in",
    "tests/unit/test_people_setup.py": "sign-in",
    "tests/unit/test_people_throttle.py": "sign-in",
    "tests/unit/test_people_totp.py": "sign-in",
    "tests/unit/test_people_sessions.py": "sessions",
    "tests/unit/test_people_standing.py": "sessions",
    "tests/unit/test_people_tokens.py": "sessions",
    "tests/oidc/test_signing_in.py": "oidc",
    "tests/unit/test_people_oidc_flows.py": "oidc",
    "tests/unit/test_people_oidc_idtoken.py": "oidc",
    "tests/unit/test_people_oidc_logouttoken.py": "oidc",
    "tests/unit/test_people_oidc_members.py": "oidc",
    "tests/unit/test_people_oidc_signature.py": "oidc",
    "tests/unit/test_store_archive.py": "backup",
    "tests/unit/test_store_wrapping.py": "backup",
    "tests/unit/test_store_restore.py": "backup",
    "tests/e2e/test_story_restore.py": "backup",
    "tests/unit/test_store_upgrade.py": "upgrade",
    "tests/e2e/test_story_upgrade.py": "upgrade",
    "tests/e2e/test_story_clock.py": "clock",
    "tests/rules/test_safety.py": "no-shell",
    "tests/rules/test_bandit.py": "no-shell",
    "tests/e2e/test_fault_matrix.py": "exactly-one-serves",
}
_MARK = re.compile(r'mark\.promise\("([a-z-]+)"\)')
_ROW = re.compile(r"^\| `([a-z-]+)` \| (.+?) \|$", re.MULTILINE)

_seen: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))  # promise → test → outcomes
_narrowed: list[str] = []
_beside: list[tuple[str, str, str]] = []  # promise, what shows it, outcome: for the next report


def promised() -> dict[str, str]:
    """name → what is promised, as SECURITY.md has them."""
    return dict(_ROW.findall(SECURITY.read_text("utf-8")))


def backed() -> dict[str, set[str]]:
    """promise → the files that say they back it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for name in {*_MARK.findall(path.read_text("utf-8")), *filter(None, [ELSEWHERE.get(file)])}:
            found[name].add(file)
    return found


def pytest_itemcollected(item: pytest.Item) -> None:
    """Those of ELSEWHERE are marked."""
    name = ELSEWHERE.get(_file(item))
    if name is not None:
        item.add_marker(pytest.mark.promise(name))


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A run of some tests says nothing of the whole."""
    _narrowed.extend(item.nodeid for item in items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A report says what it backs: it may be made by another process than the one that writes the table."""
    report: Any = yield
    report.promises = [mark.args[0] for mark in item.iter_markers("promise")]
    report.beside, _beside[:] = list(_beside), []
    return report


def pytest_runtest_logreport(report: Any) -> None:
    """Note how each test of a promise went; of a process that crashed nobody made a report that says."""
    if report.when == "call" or report.outcome != "passed":
        for name in getattr(report, "promises", ()):
            _seen[name][report.nodeid.partition("[")[0]][report.outcome] += 1
    for name, by, outcome in getattr(report, "beside", ()):
        _seen[name][by][outcome] += 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What another process left out is left out."""
    _narrowed.extend(getattr(node, "workeroutput", {}).get("narrowed", ()))


def shown(name: str, by: str, *, holds: bool) -> None:
    """Note a case that is no test of its own, while one is torn down: `by` is `FILE::WHAT`."""
    _beside.append((name, by, "passed" if holds else "failed"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, if this was all; one of several processes hands on what it left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["narrowed"] = _narrowed
        return
    named = [arg for arg in session.config.args if "::" in arg]
    ran = {(promise, test.partition("::")[0]) for promise, tests in _seen.items() for test in tests}
    wanted = {(promise, file) for promise, files in backed().items() for file in files}
    if SECURITY.exists() and not _narrowed and not named and wanted and ran >= wanted:
        TABLE.write_text(table(promised(), _seen), "utf-8")


def table(promises: dict[str, str], seen: dict[str, dict[str, Counter[str]]]) -> str:
    """The page."""
    lines = [
        "# What is promised, and what shows it\n",
        "Made by the run of all tests (`make test`, [tests/promises.py](../tests/promises.py)). The promises are those",
        "of [SECURITY.md](../SECURITY.md); a case is one run of a test with its own figures.\n",
        "| promise | shown by | cases | result |",
        "|---|---|---|---|",
    ]
    for name, said in promises.items():
        tests = seen.get(name, {})
        outcomes = sum(tests.values(), Counter())
        files = Counter(test.partition("::")[0] for test in tests)
        shown = "<br>".join(f"`{file}` ({count})" for file, count in sorted(files.items()))
        lines.append(f"| {said} | {shown or 'nothing'} | {outcomes.total()} | {_result(outcomes)} |")
    return "\n".join(lines) + "\n"


def _result(outcomes: Counter[str]) -> str:
    if not outcomes:
        return "not run"
    failed, skipped = outcomes["failed"], outcomes["skipped"]
    if failed:
        return f"**{failed} failed**"
    return "passed" if not skipped else f"passed, {skipped} not for this system"


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
