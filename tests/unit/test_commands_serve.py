"""serve as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.commanding import run
from tests.world import until


def test_serve_answers_and_ends_when_told(tmp_path):
    data = tmp_path / "data"
    words = [sys.executable, "-m", "forge", "--data", str(data), "serve", "--port", "0", "--log-level", "error"]
    engine = {"FORGE_ENGINE": f"unix://{tmp_path}/docker.sock"}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=engine) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("Forge answers at http://127.0.0.1:")
            assert run("--data", str(data), "project", "list").stdout.startswith("There is no project yet")
            second = run("--data", str(data), "serve", "--port", "0", code=7).stderr
            assert "Another Forge runs on" in second
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    until(lambda: not (data / "address").exists(), "the address is taken away")


def test_a_setting_that_cannot_be_is_said_before_anything_is_made(tmp_path):
    said = run("--data", str(tmp_path / "x"), "serve", "--port", "99999", code=2).stderr
    assert "--port" in said
    assert not (tmp_path / "x").exists()


def test_only_this_machine_is_listened_on(tmp_path):
    assert "this machine only" in run("--data", str(tmp_path / "x"), "serve", "--host", "0.0.0.0", code=2).stderr
