"""config import and export, as typed."""

from __future__ import annotations

from forge.domain.secret import Secret
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name

TEXT = """\
projects:
  web:
    image: registry.example/web
    port: 80
    secrets: {A: {env: MY_A}}
    stages: {dev: {pattern: 'dev-*'}}
"""


def test_a_file_is_planned_imported_and_exported(shell, tmp_path):
    file = tmp_path / "forge.yaml"
    file.write_text(TEXT)
    lines = "+ project web\n+ stage web/dev\n"
    assert shell.run("config", "import", str(file), "--dry-run", MY_A="x1").stdout == lines
    assert shell.json("project", "list") == []
    assert shell.run("config", "import", str(file), MY_A="x1").stdout == lines
    assert shell.world.forge.store.secrets.get_all("project/web/environment") == {"A": Secret("x1")}
    assert shell.json("config", "import", str(file)) == {"applied": True, "differences": ["= nothing to change"]}
    out = tmp_path / "out.yaml"
    shell.run("config", "export", str(out))
    assert shell.run("config", "import", "-", say=out.read_text()).stdout == "= nothing to change\n"
    assert shell.run("config", "export").stdout == out.read_text()


def test_only_variables_that_the_file_names_leave_the_shell(shell, monkeypatch):
    sent = []
    apply = type(shell.world.forge.configs).apply

    def seen(self, text, environment, *, actor):
        sent.append(dict(environment))
        return apply(self, text, environment, actor=actor)

    monkeypatch.setattr(type(shell.world.forge.configs), "apply", seen)
    shell.run("config", "import", "-", say=TEXT, MY_A="x1", OTHER="y")
    assert sent == [{"MY_A": "x1"}]


def test_a_missing_variable_and_a_mistake_are_told_with_their_place(shell):
    missing = shell.run("config", "import", "-", say=TEXT, code=2, MY_A="").stderr
    assert missing.startswith("Line 5, column 18: The environment variable MY_A is not set")
    wrong = shell.run("config", "import", "-", say=TEXT.replace("port", "prot"), code=2).stderr
    assert wrong.startswith("Line 4, column 5: There is no “prot” in projects.web: did you mean “port”?")
    assert shell.json("project", "list") == []
