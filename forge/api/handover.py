"""Taking a stream's connection out of waitress: the only module that touches waitress's insides.

A stream would hold one of waitress's few threads for life. So, when the headers are out, its socket is duplicated
and waitress is told that the connection is gone: it closes its own descriptor and forgets it. What is relied on
is in `channel_of` and `take`, and tests/unit/test_api_handover.py fails when a version of waitress changes it.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any, Protocol, cast


class Channel(Protocol):
    """What is used of waitress.channel.HTTPChannel."""

    connected: bool
    total_outbufs_len: int
    outbuf_lock: Any
    socket: socket.socket


def channel_of(environ: Mapping[str, Any]) -> Channel | None:
    """The channel that a request came by; None under any other WSGI server, or a waitress that is built otherwise."""
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    used = ("connected", "total_outbufs_len", "outbuf_lock", "socket")
    return cast("Channel", channel) if all(hasattr(channel, name) for name in used) else None


def take(channel: Channel) -> socket.socket | None:
    """The connection as a socket of our own; None while waitress still has something to send.

    Raises ConnectionError if the reader is gone, OSError if there are no descriptors left.
    """
    with channel.outbuf_lock:  # waitress takes it before it closes a channel
        if not channel.connected:
            raise ConnectionAbortedError("The reader left before its stream began.")
        if channel.total_outbufs_len:
            return None
        taken = channel.socket.dup()
        channel.connected = False  # from here on waitress writes nothing more, not even the last chunk
        return taken
