"""What kept an engine from answering: a code for programs, and a sentence that says what to do."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from forge.domain.endpoint import Endpoint, parse_endpoint
from forge.domain.errors import Invalid
from forge.engines.ssh import SshFault
from forge.outgoing import Refused

_LONGEST = 300
_NAMES = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
_DATES = frozenset({9, 10})  # not yet, not any more
_ALERTS = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE", "CERTIFICATE_UNKNOWN")
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})


@dataclass(frozen=True, slots=True)
class Fault:
    """`code`: socket, permission, name, connect, timeout, tls_…, ssh_…, or answer."""

    code: str
    text: str


def fault_of(error: BaseException | None, url: str) -> Fault:
    """What `error` (of the SDK, requests, urllib3 or the system) means to a person whose engine is at `url`."""
    causes = list(causes_of(error))
    where = _endpoint(url)
    ssh = next((cause for cause in causes if isinstance(cause, SshFault)), None)
    if ssh is not None and where is not None:
        return _ssh(ssh, where)
    if where is not None and where.is_tcp and (found := _tls(causes, where)):
        return found
    return _system(causes, where)


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it; requests and urllib3 keep the system's error inside theirs."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def _endpoint(url: str) -> Endpoint | None:
    try:
        return parse_endpoint(url)
    except Invalid:
        return None


def _system(causes: list[BaseException], where: Endpoint | None) -> Fault:
    host = where.host if where and where.host else "its machine"
    tcp = where is not None and where.is_tcp
    refused = next((str(one) for one in causes if isinstance(one, Refused)), "")
    found = (
        (refused, "connect", f"{refused}."),
        (_any(causes, PermissionError), "permission",
         "this user may not use its socket. Add the user to the group docker, then log in again."),
        (_any(causes, FileNotFoundError), "socket", "there is no such socket. Start Docker, or install it."),
        (_any(causes, socket.gaierror) or any(type(one).__name__ == "NameResolutionError" for one in causes), "name",
         f"{host} does not resolve. Check the spelling, or write its IP address."),
        (any(isinstance(one, OSError) and one.errno in _NO_WAY for one in causes), "connect",
         f"there is no way to {host}. Check the address and the network."),
        (tcp and _any(causes, ConnectionRefusedError), "connect",
         f"{host} refuses the connection. Check the port, and that Docker listens there."),
        (_any(causes, TimeoutError) or any("timed out" in str(one).lower() for one in causes), "timeout",
         "it took too long. Look whether Docker hangs."),
        (True, "answer", "start Docker, or check the engine's url."),
    )  # fmt: skip
    return next(Fault(code, text) for holds, code, text in found if holds)


def _any(causes: list[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in causes)


# ---- TLS


def _tls(causes: list[BaseException], where: Endpoint) -> Fault | None:
    if any("to an https server" in str(cause).lower() for cause in causes):
        return Fault("tls_wanted", "it wants TLS. Give its authority, and Forge's certificate and key.")
    untrusted = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return _untrusted(untrusted, where)
    reasons = " ".join(cause.reason or str(cause) for cause in causes if isinstance(cause, ssl.SSLError))
    if any(alert in reasons.upper().replace(" ", "_") for alert in _ALERTS):
        return Fault(
            "tls_client", "it does not accept Forge's certificate, or wants one. Give certificate and key of an "
            "authority that the engine was started with (--tlscacert).",
        )  # fmt: skip
    if reasons:
        return Fault("tls_none", "what listens there speaks no TLS as it should. Check the port, usually 2376.")
    return None


def _untrusted(error: ssl.SSLCertVerificationError, where: Endpoint) -> Fault:
    if error.verify_code in _NAMES:
        return Fault(
            "tls_name", f"its certificate is not for {where.host}. Use the name that it was made for, or make it anew."
        )
    if error.verify_code in _DATES:
        return Fault("tls_date", f"its certificate is out of date ({error.verify_message}). Make it anew there.")
    return Fault(
        "tls_authority", f"nobody that Forge trusts signed its certificate ({error.verify_message}). Give the "
        "authority (ca.pem) that did.",
    )  # fmt: skip


# ---- SSH

# What `ssh`, or Docker's command line behind it, says → a code and a sentence. The first that fits counts.
# Texts: OpenSSH 7.6 to 9.9, docker 18.09 to 28.
_SSH = (
    ("IDENTIFICATION HAS CHANGED", "ssh_changed",
     ("its key is not the one that is known. If that machine was set up anew, run as the user of Forge: "
      "ssh-keygen -R '{known}' && ssh{port} {place} true")),
    ("Host key verification failed", "ssh_unknown",
     "its key is not known yet. Run as the user of Forge, and compare the fingerprint: ssh{port} {place} true"),
    ("ocker daemon socket", "ssh_socket",
     "{place} may not use Docker. Add that user to the group docker on {host}."),
    ("connect: permission denied", "ssh_socket",
     "{place} may not use Docker. Add that user to the group docker on {host}."),
    ("Permission denied", "ssh_denied",
     ("no key was accepted for {place}, and nobody is there to type a password. Run as the user of Forge: "
      "ssh-copy-id{port} {place}")),
    ("Could not resolve hostname", "name", "{host} does not resolve. Check the spelling."),
    ("Connection refused", "connect", "{host} refuses the connection. Check the port of its SSH."),
    ("timed out", "timeout", "{host} does not answer SSH. Check the address and the network."),
    ("No route to host", "connect", "there is no way to {host}. Check the address and the network."),
    ("unreachable", "connect", "there is no way to {host}. Check the address and the network."),
    ("not found", "ssh_docker", "there is no `docker` program on {host}. Install Docker's command line there."),
    ("dial-stdio", "ssh_docker", "the `docker` program on {host} is too old. Install Docker 18.09 or later there."),
    ("annot connect to the Docker daemon", "ssh_down", "Docker does not run on {host}. Start it there."),
    ("dial unix", "ssh_down", "Docker does not run on {host}. Start it there."),
)  # fmt: skip


def _ssh(fault: SshFault, where: Endpoint) -> Fault:
    words = {
        "host": where.host,
        "place": f"{where.user}@{where.host}" if where.user else where.host,
        "port": f" -p {where.port}" if where.port else "",
        "known": f"[{where.host}]:{where.port}" if where.port else where.host,
    }
    for text, code, sentence in _SSH:
        if text in fault.said:
            return Fault(code, sentence.format_map(words))
    last = fault.said.splitlines()[-1].rstrip(".")[:_LONGEST] if fault.said else "it ended without a word"
    return Fault("ssh", f"{last}.")
