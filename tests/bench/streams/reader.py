"""Many readers of a live stream in one process: PORT PATH READERS SECONDS CORE TOKEN; prints JSON.

Prints a line "connected" when all streams are open, measures for SECONDS, then leaves all at once and prints how
late events arrived (seconds from the frame's "at" to here) and how many came.
"""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import sys
import time

AT = b'"topic":"state","at":'


class Readers:
    """All streams of one process."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self.address = ("127.0.0.1", port)
        login = f"Authorization: Bearer {token}\r\n" if token else ""
        host = f"127.0.0.1:{port}"
        self.request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n{login}\r\n".encode()
        self.socks: dict[int, socket.socket] = {}
        self.poll = select.epoll()
        self.late: list[float] = []
        self.ended = 0

    def connect(self, count: int) -> None:
        for start in range(0, count, 50):
            batch = [socket.create_connection(self.address, 30) for _ in range(min(50, count - start))]
            for sock in batch:
                sock.sendall(self.request)
            for sock in batch:
                head = b""
                sock.settimeout(30)
                while b'"type":"hello"' not in head:
                    got = sock.recv(4096)
                    if not got or (not head and b" 200 " not in got):
                        raise SystemExit(f"No stream: {(head + got)[:200]!r}")
                    head += got
                sock.setblocking(False)
                self.socks[sock.fileno()] = sock
                self.poll.register(sock, select.EPOLLIN)

    def read(self, seconds: float, counting: bool) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self.poll.poll(left):
                self._receive(fd, counting)

    def _receive(self, fd: int, counting: bool) -> None:
        data = self.socks[fd].recv(65536)
        now = time.time()
        if not data:
            self.ended += 1
            self.poll.unregister(fd)
            return
        at = data.find(AT)
        while counting and at >= 0:
            at += len(AT)
            self.late.append(now - float(data[at : data.index(b",", at)]))
            at = data.find(AT, at)


def main(port: int, path: str, count: int, seconds: float, token: str) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    readers = Readers(port, path, token)
    started = time.monotonic()
    readers.connect(count)
    connected = time.monotonic() - started
    readers.read(1.0, counting=False)
    print("connected", flush=True)
    readers.read(seconds, counting=True)
    late = sorted(readers.late)
    for sock in readers.socks.values():
        sock.close()
    at = {name: late[int(len(late) * part)] if late else None for name, part in (("p50", 0.5), ("p99", 0.99))}
    done = {**at, "max": late[-1] if late else None, "events": len(late), "ended": readers.ended}
    print(json.dumps({**done, "connected_in": connected}), flush=True)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[5])})
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[6])
