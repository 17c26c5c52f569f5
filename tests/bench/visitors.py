"""Visitors of a domain behind a proxy: `visitors.py PORT DOMAIN [FRESH]` asks until its input ends, and tells failures.

Three kinds, each at its own pace: `fresh` opens a connection for every request, `kept` keeps a few open, `slow` asks
for a page that takes SLOW seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

FRESH_EVERY, FRESH = 0.02, 4  # seconds between requests of one visitor, and how many visitors there are
KEPT_EVERY, KEPT = 0.04, 4
SLOW_EVERY, SLOW = 0.5, 2.0
PATIENCE = 10.0


class Visitors:
    """`asked` and `failed` by kind; `failures` tells the kinds of failure apart. `closed`: kept connections that
    were closed while nothing was asked on them.
    """

    def __init__(self, port: int, domain: str, fresh: int = FRESH) -> None:
        self.port, self.domain, self.fresh = port, domain, fresh
        self.asked: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.closed = 0
        self.longest = 0.0
        self._leaving = asyncio.Event()
        self._slow: set[asyncio.Task[None]] = set()

    async def stay(self) -> None:
        """Ask until the input ends, then wait for what is still asked."""
        kinds = [*(self._fresh() for _ in range(self.fresh)), *(self._kept() for _ in range(KEPT)), self._begin_slow()]
        visits = [asyncio.create_task(kind) for kind in kinds]
        await asyncio.to_thread(sys.stdin.read)
        self._leaving.set()
        await asyncio.gather(*visits, *self._slow)

    async def _fresh(self) -> None:
        while not self._leaving.is_set():
            began = time.perf_counter()
            await self._once("fresh", "/")
            self.longest = max(self.longest, time.perf_counter() - began)
            await asyncio.sleep(FRESH_EVERY)

    async def _begin_slow(self) -> None:
        while not self._leaving.is_set():
            self._slow.add(asyncio.create_task(self._once("slow", f"/cgi-bin/slow?{SLOW:g}")))
            await asyncio.sleep(SLOW_EVERY)

    async def _once(self, kind: str, path: str) -> None:
        """A request on a connection of its own."""
        self.asked[kind] += 1
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    writer.write(self._request(path, "close"))
                    _check(await reader.read())
                finally:
                    writer.close()
        except (OSError, EOFError, ValueError) as error:
            self._note(kind, error)

    async def _kept(self) -> None:
        """Requests one after the other on a connection that is opened anew only when it was closed."""
        while not self._leaving.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as error:
                self._note("kept", error)
                continue
            try:
                while not self._leaving.is_set():
                    if reader.at_eof():  # closed between two requests: every client opens another one then
                        self.closed += 1
                        break
                    self.asked["kept"] += 1
                    async with asyncio.timeout(PATIENCE):
                        await self._again(reader, writer)
                    await asyncio.sleep(KEPT_EVERY)
            except (OSError, EOFError, ValueError) as error:
                self._note("kept", error)
            finally:
                writer.close()

    async def _again(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._request("/", "keep-alive"))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        _check(head + await reader.readexactly(length))

    def _request(self, path: str, connection: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {self.domain}\r\nConnection: {connection}\r\n\r\n".encode()

    def _note(self, kind: str, error: Exception) -> None:
        self.failed[kind] += 1
        self.failures[f"{kind}: {type(error).__name__} {str(error)[:60]}".strip()] += 1


def _check(answer: bytes) -> None:
    """Raise ValueError unless it is a page of one of the two instances, to its end."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200") or not (b"dev-1" in body or b"dev-2" in body):
        raise ValueError(f"{head[:15].decode(errors='replace')} {body[:20].decode(errors='replace')}".strip())


def main() -> None:
    visitors = Visitors(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:4]))
    asyncio.run(visitors.stay())
    found = {"asked": visitors.asked, "failed": visitors.failed, "failures": visitors.failures}
    print(json.dumps({**found, "closed": visitors.closed, "longest_ms": visitors.longest * 1000}))


if __name__ == "__main__":
    main()
