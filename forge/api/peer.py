"""Who is at the other end of a connection within this machine, as far as its kernel tells."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))  # Linux
_ESTABLISHED = "01"


def of_another_user(address: str, port: int, ours: int) -> bool:
    """Whether who asks from `address`:`port` at our port `ours` is a process of another user than Forge is.

    False where that is not known: on another system, or from another machine.
    """
    place = _written(address, port)
    return any(local.endswith(place) and remote.endswith(f":{ours:04X}") and user != os.getuid()
               for local, remote, user in _connections())  # fmt: skip


def _written(address: str, port: int) -> str:
    """As the kernel writes it, in words of four bytes, the last byte first; an IPv4 address ends an IPv6 one."""
    raw = ipaddress.ip_address(address).packed
    words = [raw[at : at + 4][::-1].hex().upper() for at in range(0, len(raw), 4)]
    return f"{''.join(words)}:{port:04X}"


def _connections() -> Iterator[tuple[str, str, int]]:
    """Local and remote place and user of every open connection of this machine."""
    for table in _TABLES:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _ESTABLISHED:
                yield fields[1], fields[2], int(fields[7])
