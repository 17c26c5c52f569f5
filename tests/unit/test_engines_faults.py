"""What kept an engine from answering."""

from __future__ import annotations

import errno
import ssl

import pytest

from forge.engines.faults import fault_of
from forge.engines.ssh import SshFault

TCP, SSH = "tcp://far.example:2376", "ssh://ann@far.example:2222"


def untrusted(code, said):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, said
    return error


def alert(reason):
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (untrusted(19, "self-signed certificate in certificate chain"), "tls_authority", "ca.pem"),
        (untrusted(62, "Hostname mismatch"), "tls_name", "not for far.example"),
        (untrusted(10, "certificate has expired"), "tls_date", "has expired"),
        (alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "tls_client", "--tlscacert"),
        (alert("SSLV3_ALERT_BAD_CERTIFICATE"), "tls_client", "certificate and key"),
        (alert("WRONG_VERSION_NUMBER"), "tls_none", "2376"),
        (OSError("400: Client sent an HTTP request to an HTTPS server."), "tls_wanted", "authority"),
        (ConnectionRefusedError(111, "refused"), "connect", "far.example refuses"),
        (OSError(errno.EHOSTUNREACH, "No route"), "connect", "no way to far.example"),
        (TimeoutError("timed out"), "timeout", "too long"),
        (ValueError("<html>"), "answer", "check the engine's url"),
    ],
)
def test_over_tcp_it_is_told_exactly(error, code, says):
    fault = fault_of(OSError("Connection aborted.", error), TCP)
    assert (fault.code, says in fault.text) == (code, True)


@pytest.mark.parametrize(
    ("said", "code", "says"),
    [
        ("Host key verification failed.", "ssh_unknown", "ssh -p 2222 ann@far.example true"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", "ssh_changed",
         "ssh-keygen -R '[far.example]:2222'"),
        ("ann@far.example: Permission denied (publickey).", "ssh_denied", "ssh-copy-id -p 2222 ann@far.example"),
        ("ssh: Could not resolve hostname far.example: Name or service not known", "name", "does not resolve"),
        ("ssh: connect to host far.example port 2222: Connection refused", "connect", "refuses"),
        ("ssh: connect to host far.example port 2222: Connection timed out", "timeout", "does not answer SSH"),
        ("sh: 1: docker: not found", "ssh_docker", "no `docker` program"),
        ("docker: 'dial-stdio' is not a docker command.", "ssh_docker", "too old"),
        ("permission denied while trying to connect to the Docker daemon socket at x", "ssh_socket", "group docker"),
        ("dial unix /var/run/docker.sock: connect: permission denied", "ssh_socket", "group docker"),
        ("Cannot connect to the Docker daemon at unix:///x. Is it running?", "ssh_down", "does not run"),
        ("Bad configuration option: hunter.", "ssh", "Bad configuration option: hunter."),
        ("", "ssh", "without a word"),
    ],
)  # fmt: skip
def test_over_ssh_it_is_told_with_what_to_run(said, code, says):
    fault = fault_of(OSError("Connection aborted.", SshFault(255, said)), SSH)
    assert (fault.code, says in fault.text) == (code, True)


def test_without_a_port_the_command_names_none():
    assert "ssh far.example true" in fault_of(SshFault(255, "Host key verification failed."), "ssh://far.example").text
