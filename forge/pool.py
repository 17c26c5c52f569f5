"""A few threads that work beside; they never keep Forge from ending."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import TypeVar

from forge.domain.errors import ForgeError

A = TypeVar("A")
B = TypeVar("B")


class Pool:
    """At most `size` threads, started when there is work. Unlike concurrent.futures' they are daemons: a request
    that a registry does not answer must not hold up shutting down.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._open = 0

    def submit(self, work: Callable[[], None]) -> None:
        """Have `work` done; what it raises ends up with threading.excepthook."""
        with self._guard:
            self._open += 1
            if len(self._threads) < min(self._size, self._open):
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.add(thread)
                thread.start()
        self._work.put(work)

    def close(self, timeout: float = 1) -> None:
        """Let the threads end after what was submitted, and wait for them, at most `timeout` seconds in all."""
        with self._guard:
            threads = list(self._threads)
        for _ in threads:
            self._work.put(None)
        end = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        try:
            while (work := self._work.get()) is not None:
                try:
                    work()
                finally:
                    with self._guard:
                        self._open -= 1
        except BaseException:  # this thread ends with it: the next work gets another
            with self._guard:
                self._threads.discard(threading.current_thread())
            raise


def map_parallel(size: int, ask: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """`ask` of every item, at most `size` at a time, answers in the items' order. The first error that is raised
    ends it: what has not begun is not asked, and the error is raised here.
    """
    todo = list(enumerate(items))
    answers: dict[int, B] = {}
    errors: list[ForgeError] = []

    def work() -> None:
        while todo and not errors:
            try:
                place, item = todo.pop(0)
            except IndexError:  # another thread took the last
                return
            try:
                answers[place] = ask(item)
            except ForgeError as error:
                errors.append(error)

    threads = [threading.Thread(target=work, name="ask", daemon=True) for _ in range(min(size, len(todo)) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [answers[place] for place in sorted(answers)]
