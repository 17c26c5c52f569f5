"""Rules that keep Forge safe to run: no shell, no code made of text, Docker and the domain kept apart."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.test_modules import ALL, FORGE, ROOT, every_module, name

# By the last word, whatever it was imported as a part of; `system` alone may be that of platform.
FORBIDDEN_CALLS = {"eval", "exec", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
EXAMPLES = (
    "subprocess.run('ls', shell=True)",
    "run('ls', shell=flag)",
    "os.system('ls')",
    "eval('1')",
    "exec('x = 1')",
    "builtins.eval('1')",
    "import os as o; o.system('ls')",
    "from os import system",
    "from subprocess import getoutput; getoutput('ls')",
    "asyncio.create_subprocess_shell('ls')",
    "subprocess.run('ls', shell=1)",
)


def offences(tree: ast.AST) -> list[str]:
    """The calls in it that start a shell or run text as code."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [text for call in calls if _is_forbidden(text := ast.unparse(call.func))]
    taken = [
        f"from os import {alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
        if alias.name in {"system", "popen"}
    ]
    shells = [ast.unparse(call) for call in calls if any(_asks_for_shell(word) for word in call.keywords)]
    return named + taken + shells


def _is_forbidden(called: str) -> bool:
    whose, _, word = called.rpartition(".")
    return word in FORBIDDEN_CALLS or (word == "system" and whose != "platform")


def _asks_for_shell(word: ast.keyword) -> bool:
    return word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)


def imports(path: Path) -> Iterator[str]:
    """The full names of what a module imports, wherever in it; `from .x import y` counts as forge's."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"forge.{node.module}" if node.level else str(node.module)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_rule_sees_every_way(example):
    assert offences(ast.parse(example))


@every_module
def test_nothing_runs_a_shell_or_text_as_code(path):
    assert not offences(ast.parse(path.read_text()))


CONNECTS = re.compile(
    r"create_connection|\bHTTPS?Connection\(|\.HTTPS?Connection\b|urlopen|HTTPAdapter\)|smtplib|ftplib"
)
# Where Forge connects without judging the address, as nobody can enter one there.
OWN_ADDRESS = {
    "forge/desktop/doorbell.py": "another Forge on 127.0.0.1",
    "forge/proxies/found.py": "what listens on 127.0.0.1",
    "forge/server.py": "itself",
}


def test_who_connects_has_the_address_judged():
    """See forge.outgoing: a module that makes connections some other way forgets metadata services."""
    connecting = {name(path): text for path in FORGE if CONNECTS.search(text := path.read_text())}
    assert {"forge/http.py", "forge/engines/dial.py", *OWN_ADDRESS} <= set(connecting), "the pattern sees too little"
    judging = {path for path, text in connecting.items() if "outgoing." in text or path == "forge/outgoing.py"}
    assert set(connecting) - judging == set(OWN_ADDRESS)


def test_types_are_read_where_threads_may_meet_them_at_once():
    """msgspec's own functions end the process where two threads meet a type for the first time."""
    users = {name(path) for path in FORGE if any(map(_reads_a_type, ast.walk(ast.parse(path.read_text()))))}
    assert users == {"forge/typed.py"}


def test_a_package_that_threads_import_late_is_imported_whole():
    """One thread in `import requests` and one in `from requests.models import …` do not wait for each other: both meet
    half a package, and it stays broken. `from requests import models` waits.
    """
    found = [
        f"{name(path)}: {ast.unparse(node)}" for path in FORGE for node in _late_parts(ast.parse(path.read_text()))
    ]
    assert found == []


def test_a_part_that_is_imported_late_is_seen():
    seen = [
        ast.unparse(node)
        for node in _late_parts(ast.parse("def f():\n from docker.errors import A\n import requests.utils"))
    ]
    assert seen == ["from docker.errors import A", "import requests.utils"]
    assert not list(
        _late_parts(ast.parse("import requests.utils\ndef f():\n from requests import utils\n import docker"))
    )


LARGE = ("apprise.", "docker.", "requests.", "urllib3.")


def _late_parts(module: ast.Module) -> Iterator[ast.stmt]:
    """Where a function imports from within a large package."""
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
                if any(one.startswith(LARGE) for one in names):
                    yield node


def _reads_a_type(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called, typed = ast.unparse(node.func), any(word.arg == "type" for word in node.keywords)
    return called in {"msgspec.convert", "msgspec.json.Decoder"} or (called == "msgspec.json.decode" and typed)


def test_only_engines_speak_with_docker():
    users = {name(path) for path in FORGE if any(module.split(".")[0] == "docker" for module in imports(path))}
    assert users, "Nothing imports docker any more: this test looks at the wrong place."
    assert all(user.startswith("forge/engines/") for user in users), users


def test_the_domain_needs_nothing_installed():
    known = sys.stdlib_module_names
    domain = [path for path in FORGE if path.parent.name == "domain"]
    foreign = {
        f"{name(path)}: {module}" for path in domain for module in imports(path) if module.split(".")[0] not in known
    }
    assert domain
    assert {entry for entry in foreign if not entry.split(": ")[1].startswith("forge.domain")} == set()


def test_imports_point_down_only():
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_these_rules_cover_the_tests_too():
    assert Path(__file__) in ALL
