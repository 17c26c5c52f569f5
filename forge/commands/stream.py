"""Following Forge's live stream: server-sent events, taken up again where they broke off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from forge.commands.client import Client, NotRunning, Refused
from forge.domain.errors import ForgeError
from forge.http import HttpFault, fault_of, host_of

_SILENCE = 60.0  # seconds: Forge pings far more often
_PATIENCE = 60.0  # seconds that a restart of Forge may take
_PAUSE = 0.5
_CHUNK = 64 << 10


def follow(
    client: Client,
    path: str,
    *,
    lost: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dict[str, Any]]:
    """The events at `path` (below /api/) without end: {"type", "payload", …}; the caller stops when it has enough.

    Where the stream breaks off, `lost` is told why, and it goes on after the last event, also with a Forge that was
    started anew. Raise NotRunning after a minute without one, Refused.
    """
    last, since, begun = "", clock(), False
    while True:
        try:
            for number, event in _once(client, path, last):
                last, since, begun = number or last, clock(), True
                yield event
            fault: ForgeError = HttpFault("connect", f"{host_of(client.address.url)} ended the stream")
        except (HttpFault, NotRunning, Refused) as error:
            # a Forge that was started a moment ago has a new token, which may not be written down yet
            if isinstance(error, Refused) and not (begun and error.status == 401):
                raise
            fault = error
        if clock() - since > _PATIENCE:
            raise client.gone(fault)
        lost(fault.message)
        sleep(_PAUSE)
        _look_again(client)


def _look_again(client: Client) -> None:
    try:
        client.again()
    except NotRunning:
        return  # it may be starting: whoever asks decides how long to try


def _once(client: Client, path: str, last: str) -> Iterator[tuple[str, dict[str, Any]]]:
    import requests  # noqa: PLC0415  slow to import
    import urllib3  # noqa: PLC0415

    url = f"{client.address.url}/api/{path}"
    headers = {"Authorization": f"Bearer {client.address.token.reveal()}", "Accept": "text/event-stream"}
    headers |= {"Last-Event-ID": last} if last else {}
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(url, headers=headers, stream=True, timeout=(5, _SILENCE)) as response:
                if response.status_code != 200:
                    raise _refused(response.status_code, response.text)
                yield from parse(iter(lambda: response.raw.read1(_CHUNK), b""))
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise fault_of(error, host_of(url)) from None


def parse(chunks: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, event) of each frame, as the HTML standard has them, for JSON objects in `data:`."""
    pending = b""
    for chunk in chunks:
        *frames, pending = (pending + chunk).split(b"\n\n")
        for frame in frames:
            fields = dict(line.partition(b": ")[::2] for line in frame.split(b"\n"))
            if b"data" in fields:
                yield fields.get(b"id", b"").decode(), json.loads(fields[b"data"])


def _refused(status: int, text: str) -> Refused:
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    return Refused(status, problem.get("detail", f"Forge answered {status}"), code=problem.get("code", ""), fields={})
