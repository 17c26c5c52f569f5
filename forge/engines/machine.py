"""What this machine has left for an engine: free ports, free disk; and whether Forge itself is a container."""

from __future__ import annotations

import contextlib
import errno
import random
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from forge.domain.errors import EngineError

# Below every system's ephemeral range (Linux 32768, IANA 49152), above what services are used to.
_PORTS = range(20000, 30000)
_TRIES = 500
IN_A_CONTAINER = Path("/.dockerenv")
MOUNTS = Path("/proc/self/mountinfo")
_ITSELF = re.compile(r"/containers/([0-9a-f]{64})/hostname /etc/hostname ")


def free_port(
    taken: frozenset[int], *, bindable: Callable[[int], bool], choose: Callable[[range], int] = random.choice
) -> int:
    """A port of 20000 to 29999 that is not in `taken` and `bindable`; EngineError if none is found."""
    for _ in range(_TRIES):
        port = choose(_PORTS)
        if port not in taken and bindable(port):
            return port
    raise EngineError("No port between 20000 and 29999 is free on this machine: stop something that uses one")


def can_bind(port: int) -> bool:
    """Whether nothing on this machine listens on `port`, on loopback or everywhere."""
    return all(_can_bind(host, port) for host in ("127.0.0.1", "0.0.0.0"))  # noqa: S104 - bound for a moment, never heard


def _can_bind(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def free_disk(folder: str) -> int | None:
    """Bytes free for this user where `folder` is; None if it is not on this machine."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free
    return None


def own_container() -> str | None:
    """The id of the container that this process is in, or the first of it; None if Docker made none.

    The host name is it only on a network of Docker's: on the machine's own (`network_mode: host`) it is the machine's.
    """
    if not IN_A_CONTAINER.exists():
        return None
    with contextlib.suppress(OSError):
        if found := _ITSELF.search(MOUNTS.read_text("utf-8", "replace")):
            return found[1]
    return socket.gethostname()
