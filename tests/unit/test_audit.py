"""`make audit`: what pip-audit and npm audit said, told honestly. Their refusals were recorded from registries that do
not answer such questions; the other outputs have the form that both programs describe.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "spec/audit.py"
LOCK = """\
apprise==2.3.0 \\
    --hash=sha256:359b37320cb7cd169a57a475346bfeaccdb5074b307c6abaa3af7b62790b1b52
clr-loader==0.3.1 ; sys_platform == 'win32' \\
    --hash=sha256:08
PyYAML==6.0.3 \\
    --hash=sha256:0f
"""
WANTED = {"apprise": "2.3.0", "clr-loader": "0.3.1", "pyyaml": "6.0.3"}
NOT_THERE = "Dependency not found on PyPI and could not be audited: "
NPM_405 = """{
  "message": "405 Method Not Allowed - POST https://registry.example/-/npm/v1/security/advisories/bulk",
  "method": "POST",
  "uri": "https://registry.example/-/npm/v1/security/advisories/bulk",
  "headers": {"allow": ["GET,HEAD"], "content-length": ["0"], "x-fetch-attempts": ["1"]},
  "statusCode": 405,
  "body": "",
  "error": {"summary": "", "detail": ""}
}"""
NPM_AWAY = """{
  "message": "request to https://registry.example/-/npm/v1/security/advisories/bulk failed, reason: ",
  "error": {"code": "ECONNREFUSED", "summary": "connect ECONNREFUSED", "detail": ""}
}"""


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("forge_audit", FILE)
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # its dataclass looks there
    spec.loader.exec_module(made)
    yield made
    del sys.modules[spec.name]


def python(*dependencies):
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


def clean(name):
    return {"name": name, "version": "1", "vulns": []}


def skipped(name):
    return {"name": name, "skip_reason": f"{NOT_THERE}{name} (1)"}


def npm(vulnerabilities=(), total=412):
    metadata = {"vulnerabilities": {}, "dependencies": {"prod": 1, "dev": total - 1, "total": total}}
    named = {one["name"]: one for one in vulnerabilities}
    return json.dumps({"auditReportVersion": 2, "vulnerabilities": named, "metadata": metadata})


def test_the_packages_of_every_system_are_asked_about(audit):
    assert audit.pins(LOCK) == WANTED


def test_all_looked_up_and_nothing_known_is_clean(audit):
    found = audit.read_pip_audit(python(clean("apprise"), clean("clr-loader"), clean("PyYAML")), "", WANTED)
    assert found.sentences() == ["Python packages: no known vulnerabilities in 3 packages"]
    assert found.is_clean
    board = audit.read_npm_audit(npm(), "")
    assert board.sentences() == ["Packages of the board: no known vulnerabilities in 412 packages"]
    assert audit.told([found, board]) == 0


def test_a_package_that_was_not_looked_up_never_counts_as_clean(audit, capsys):
    """Also one of which pip-audit says nothing at all."""
    found = audit.read_pip_audit(python(clean("apprise"), skipped("clr-loader")), "", WANTED)
    assert not found.is_clean
    assert found.sentences() == [
        "Python packages: NOT LOOKED AT: 2 packages that the registry knows not: clr-loader, pyyaml",
        "Python packages: no known vulnerabilities in 1 packages",
    ]
    assert audit.told([found]) == 0
    assert "NOT LOOKED AT" in capsys.readouterr().out


@pytest.mark.parametrize("answers", [(), (skipped("apprise"), skipped("clr-loader"), skipped("pyyaml"))])
def test_a_registry_that_answers_no_such_question_is_said_loudly(audit, answers):
    said = "No known vulnerabilities found"  # pip-audit's own word for it
    found = audit.read_pip_audit(python(*answers), said, WANTED)
    board = audit.read_npm_audit(NPM_405, "npm error audit endpoint returned an error")
    for one in (found, board, audit.read_npm_audit(npm(total=0), "")):
        assert not one.is_clean
        (sentence,) = one.sentences()
        assert "NOT LOOKED AT: the registry does not answer questions about vulnerabilities" in sentence
        assert "no known" not in sentence
    assert audit.told([found, board]) == 0


def test_what_is_known_is_told_with_where_it_is_mended_and_ends_with_1(audit):
    advisory = {"id": "PYSEC-2026-1", "fix_versions": ["2.3.1", "3.0"], "aliases": ["CVE-2026-1"], "description": "…"}
    unmended = {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": [], "description": "…"}
    vulnerable = {"name": "apprise", "version": "2.3.0", "vulns": [advisory, unmended]}
    found = audit.read_pip_audit(python(vulnerable, clean("clr-loader"), skipped("pyyaml")), "", WANTED)
    assert found.sentences() == [
        "Python packages: found: apprise 2.3.0: PYSEC-2026-1 (mended in: 2.3.1, 3.0)",
        "Python packages: found: apprise 2.3.0: PYSEC-2026-2 (mended in: no version yet)",
        "Python packages: NOT LOOKED AT: 1 packages that the registry knows not: pyyaml",
    ]
    board = audit.read_npm_audit(
        npm(
            [
                {"name": "cookie", "severity": "low", "range": "<0.7.0", "via": [{"title": "Out of bounds"}]},
                {"name": "kit", "severity": "low", "range": "*", "via": ["cookie"]},
            ]
        ),
        "",
    )
    assert board.sentences() == [
        "Packages of the board: found: cookie <0.7.0 (low): Out of bounds",
        "Packages of the board: found: kit * (low): by way of cookie",
    ]
    away = audit.read_npm_audit(NPM_AWAY, "")
    for findings in ([found], [board], [found, away]):
        assert audit.told(findings) == 1


@pytest.mark.parametrize(
    ("output", "said", "why"),
    [
        ("", "ERROR:pip_audit._cli:Could not connect to PyPI\n\n", "Could not connect to PyPI"),
        ("no JSON", "", "no JSON"),
        ("[]", "odd", "odd"),
        ("{}", "", "{}"),
        ('{"dependencies": [{}]}', "no name", "no name"),
        ("", "", "it said nothing"),
    ],
)
def test_where_asking_fails_it_ends_with_2(audit, output, said, why):
    found = audit.read_pip_audit(output, said, WANTED)
    assert "could not be asked: " in found.sentences()[0]
    assert found.sentences()[0].endswith(why)
    assert not found.is_clean
    assert audit.told([found]) == 2


@pytest.mark.parametrize("output", [NPM_AWAY, NPM_405.replace("405", "503"), "", "[]", '{"auditReportVersion": 2}'])
def test_an_npm_that_failed_is_no_answer_either(audit, output):
    board = audit.read_npm_audit(output, "npm error")
    assert board.failed
    assert audit.told([board]) == 2


def test_a_green_run_of_the_workflow_shows_what_was_not_looked_at(audit, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    audit.told([audit.Found(what="Python packages"), audit.read_npm_audit(npm(), "")])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("::warning::Python packages: NOT LOOKED AT")
    assert second.startswith("Packages of the board: no known")
