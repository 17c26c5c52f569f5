"""Where an engine is: unix:///run/docker.sock, npipe:////./pipe/docker_engine, tcp://host:port, ssh://user@host."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from forge.domain.errors import Invalid

SOCKETS = frozenset({"unix", "npipe"})
TCP = frozenset({"tcp", "http", "https"})
_FORMS = "unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host"
# A name never begins with a dash: `ssh` would take it for an option.
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`scheme`: unix, npipe, tcp, http, https, ssh. A socket has a `path`, the others a `host`; no port: the usual."""

    scheme: str
    path: str = ""
    user: str | None = None
    host: str = ""
    port: int | None = None

    @property
    def is_socket(self) -> bool:
        return self.scheme in SOCKETS

    @property
    def is_tcp(self) -> bool:
        return self.scheme in TCP

    @property
    def is_ssh(self) -> bool:
        return self.scheme == "ssh"

    @property
    def on_this_machine(self) -> bool:
        """Whether a port that it publishes on 127.0.0.1 is one of this machine."""
        return self.is_socket or (self.is_tcp and self.host in _HERE)

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there never leaves this machine."""
        return self.on_this_machine or is_loopback(self.host)


def parse_endpoint(url: str) -> Endpoint:
    """Raise Invalid, with what to write, for an address that no engine has."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {*SOCKETS, *TCP, "ssh"} or not url.isprintable() or " " in url:
        raise _wrong(f"“{url[:80]}” is no engine's address: write {_FORMS}")
    if scheme == "unix" and not rest.startswith("/"):
        raise _wrong(f"“{url[:80]}” needs the whole path of the socket: unix:///var/run/docker.sock")
    if scheme in SOCKETS:
        return Endpoint(scheme=scheme, path=rest)
    login, _, place = rest.removesuffix("/").rpartition("@")
    host, port = _place(place)
    if login and scheme != "ssh":
        raise _wrong("An engine's address has no login: tcp:// is opened by certificates")
    if login and not _USER.fullmatch(login):
        raise _wrong(f"An engine's ssh:// address takes a user's name before the @, and no password: {_FORMS}")
    return Endpoint(scheme=scheme, user=login or None, host=host, port=port)


def _place(place: str) -> tuple[str, int | None]:
    """host[:port], with an IPv6 address in brackets."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?", place)
    host = found[1].strip("[]") if found else ""
    port = int(found[2]) if found and found[2] else None
    named = is_address(host) if found and found[1].startswith("[") else bool(_NAME.fullmatch(host))
    if not named or (port is not None and not 1 <= port <= 65535):
        raise _wrong(f"“{place[:80]}” names no machine: write {_FORMS}")
    return host, port


def is_address(host: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether it is an address that leads to the machine one asks from."""
    return is_address(host) and ipaddress.ip_address(host).is_loopback


def is_everywhere(host: str) -> bool:
    """Whether it stands for all addresses of a machine."""
    return is_address(host) and ipaddress.ip_address(host).is_unspecified


def is_name(host: str) -> bool:
    """Whether it is a name or an IP address."""
    return is_address(host) or bool(_NAME.fullmatch(host))


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, fields={"url": "unix://, tcp:// or ssh://"})
