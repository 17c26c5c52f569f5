"""Asking a part on 127.0.0.1 over HTTP, as simply as can be."""

from __future__ import annotations

import http.client
from collections.abc import Mapping


def ask(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> tuple[int, str]:
    """(status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
