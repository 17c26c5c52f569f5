"""Asks the API while the streams run: PORT PATH CORE TOKEN, until its input is closed; prints JSON."""

from __future__ import annotations

import http.client
import json
import os
import select
import sys
import time

EVERY = 0.01


def main(port: int, path: str, core: int, token: str) -> None:
    os.sched_setaffinity(0, {core})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    took: list[float] = []
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
    took.sort()
    print(json.dumps({"p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)], "asked": len(took)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
