"""serve as a process of its own: what it tells its manager, and the code for each thing that keeps it from running."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import subprocess
import sys

import pytest

from forge.commands.serve import _welcome
from forge.vault import generate_key
from tests.commanding import run
from tests.world import until


@contextlib.contextmanager
def served(tmp_path, **environment):
    """A Forge on a data folder of its own, once it answers; at the end it ends well."""
    words = [sys.executable, "-m", "forge", "--data", str(tmp_path / "data"), "serve", "--port", "0"]
    own = {"FORGE_ENGINE": f"unix://{tmp_path}/docker.sock", "FORGE_LOG_LEVEL": "error", **environment}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=own) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("Forge answers at http://127.0.0.1:")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_serve_answers_and_ends_when_told(tmp_path):
    data = tmp_path / "data"
    with served(tmp_path):
        assert run("--data", str(data), "project", "list").stdout.startswith("There is no project yet")
        second = run("--data", str(data), "serve", "--port", "0", code=21).stderr
        assert "Another Forge runs on" in second
    until(lambda: not (data / "address").exists(), "the address is taken away")


def test_its_manager_hears_when_it_is_ready_that_it_lives_and_that_it_ends(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(10)
        manager.bind(str(tmp_path / "notify"))
        with served(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="100000"):
            heard = [manager.recv(1000).decode() for _ in range(3)]
        while not heard[-1].startswith("STOPPING=1"):
            heard.append(manager.recv(1000).decode())
    url = "Answers at http://127.0.0.1:"
    assert heard[0] == f"STATUS=Opens {tmp_path}/data"
    assert heard[1].startswith(f"READY=1\nSTATUS={url}")
    assert set(heard[2:-1]) == {"WATCHDOG=1"}
    assert heard[-1] == "STOPPING=1\nSTATUS=Deploys under way reach a safe step"


def test_a_setting_that_cannot_be_is_said_before_anything_is_made(tmp_path):
    said = run("--data", str(tmp_path / "x"), "serve", "--port", "99999", code=2).stderr
    assert "--port" in said
    assert not (tmp_path / "x").exists()


def test_nobody_else_reaches_it_while_nobody_can_sign_in(tmp_path):
    said = run("--data", str(tmp_path / "x"), "serve", "--host", "0.0.0.0", code=26).stderr
    assert "does not listen on 0.0.0.0" in said
    assert "forge people add NAME --role admin" in said


def test_how_to_make_the_first_admin_is_said_and_no_log_gets_the_link(tmp_path):
    with served(tmp_path) as process:
        said = process.stderr.readline()
    assert "forge people add NAME --role admin" in said
    assert "token=" not in said


def test_a_terminal_gets_the_link_once_for_all():
    assert "http://x:1/setup?token=abc" in _welcome("http://x:1", "abc")


def test_a_taken_port_has_its_own_code(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert "is taken" in run("--data", str(tmp_path), "serve", "--port", port, code=20).stderr


@pytest.fixture
def made(tmp_path):
    """A data folder that a Forge ran on."""
    with served(tmp_path):
        pass
    return tmp_path / "data"


def test_a_folder_that_cannot_be_used_has_its_own_code(tmp_path):
    (tmp_path / "file").touch()
    assert "name another one" in run("--data", str(tmp_path / "file/data"), "serve", code=22).stderr


def test_another_key_has_its_own_code(made):
    said = run("--data", str(made), "serve", code=23, FORGE_ENCRYPTION_KEY=generate_key()).stderr
    assert "sealed with another one" in said


def test_the_data_of_a_newer_forge_has_its_own_code(made):
    with contextlib.closing(sqlite3.connect(made / "forge.db")) as database:
        database.execute("PRAGMA user_version = 9999")
    assert "start the newer Forge" in run("--data", str(made), "serve", code=24).stderr


def test_a_damaged_database_has_its_own_code(made):
    (made / "forge.db").write_bytes(b"x" * 10_000)
    said = run("--data", str(made), "serve", code=25).stderr
    assert f"`forge restore --data {made} FILE` puts a backup back" in said
