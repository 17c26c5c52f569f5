"""SSH to an engine, by a program that stands in for `ssh`."""

from __future__ import annotations

import sys

import pytest

from forge.domain.endpoint import parse_endpoint
from forge.engines.ssh import SshFault, Tunnel, environment, words

ECHO = f"""#!{sys.executable}
import os, sys
while data := os.read(0, 100):
    os.write(1, data.upper())
"""
BROKEN = f"""#!{sys.executable}
import sys
sys.stderr.write("Permission denied (publickey).\\n")
sys.exit(255)
"""
HOST = parse_endpoint("ssh://ann@far.example:2222")


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """Let `ssh` be a program of this text."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def be(text):
        (tmp_path / "ssh").write_text(text)
        (tmp_path / "ssh").chmod(0o755)

    return be


def test_nobody_is_asked_and_the_host_is_no_option():
    said = words(HOST)
    assert said[0] == "ssh"
    assert said[-9:] == ["-l", "ann", "-p", "2222", "--", "far.example", "docker", "system", "dial-stdio"]
    assert {"BatchMode=yes", "ForwardAgent=no"} <= set(said)
    assert not any(word.startswith("StrictHostKeyChecking") for word in said), "as the user has set it"
    assert words(parse_endpoint("ssh://far"))[-5:] == ["--", "far", "docker", "system", "dial-stdio"]


@pytest.mark.parametrize("pumped", [False, True])
def test_what_is_written_reaches_it_and_comes_back_until_it_is_closed(ssh, pumped):
    ssh(ECHO)
    tunnel = Tunnel(HOST, pumped=pumped)
    tunnel.socket.settimeout(10)
    tunnel.socket.sendall(b"ping")
    assert tunnel.socket.recv(10) == b"PING"
    tunnel.close()
    tunnel.close()
    assert tunnel.fault().said == ""


@pytest.mark.parametrize("pumped", [False, True])
def test_its_last_words_are_heard(ssh, pumped):
    ssh(BROKEN)
    tunnel = Tunnel(HOST, pumped=pumped)
    tunnel.socket.settimeout(10)
    assert tunnel.socket.recv(10) == b""
    fault = tunnel.fault()
    assert (fault.code, fault.said) == (255, "Permission denied (publickey).")


def test_without_the_program_that_is_told(ssh):
    with pytest.raises(SshFault, match="install OpenSSH"):
        Tunnel(HOST)


def test_it_gets_the_systems_libraries_and_speaks_english():
    packed = {"LD_LIBRARY_PATH": "/packed", "LD_LIBRARY_PATH_ORIG": "/own", "HOME": "/root", "LC_ALL": "de"}
    made = environment(packed, packed=True)
    assert (made["LD_LIBRARY_PATH"], made["HOME"], made["LC_ALL"]) == ("/own", "/root", "C")
    assert "LD_LIBRARY_PATH" not in environment({"LD_LIBRARY_PATH": "/packed"}, packed=True)
    assert environment({"LD_LIBRARY_PATH": "/own"}, packed=False)["LD_LIBRARY_PATH"] == "/own"
