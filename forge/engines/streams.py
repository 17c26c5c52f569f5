"""Live logs of instances: the engine's stream is open as long as somebody looks, and not longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from forge.domain.errors import EngineError, EngineUnavailable
from forge.ports import Engine, LogLine

Publish = Callable[[str, list[LogLine]], None]

_EVERY = 0.1  # seconds that lines are collected before they are published
_MOST = 200  # lines published at a time; a reader that has more waits, and with it the engine
_OPENING = 1.0  # seconds to wait for the engine's stream, so that who then reads the past misses nothing
_AGAIN = (0.5, 5.0)  # seconds before a log that ended is asked for again: at first, at most


class Followers:
    """One follower per instance, however many look at it.

    `publish(instance_id, lines)` is called on the followers' threads, in order for each instance, with 1 to 200
    lines. It should not wait long: while it does, nothing more of that instance is read.
    """

    def __init__(self, publish: Publish, *, clock: Callable[[], float] = time.time) -> None:
        self._publish = publish
        self._clock = clock
        self._lock = threading.Lock()
        self._followers: dict[tuple[str, str], _Follower] = {}
        self._watchers: dict[tuple[str, str], int] = {}

    def follow(self, instance_id: str, container_id: str, engine: Engine) -> Callable[[], None]:
        """Let what the instance writes from now on be published, until the function that is returned is called.

        Never raises: while the engine is away it is asked again and again; nothing comes of a container that is gone.
        """
        key = instance_id, container_id
        with self._lock:
            follower = self._followers.get(key)
            if follower is None:
                follower = _Follower(instance_id, container_id, engine, self._publish, self._clock)
                self._followers[key] = follower
                follower.begin()
            self._watchers[key] = self._watchers.get(key, 0) + 1
        follower.wait_until_open()
        once = threading.Lock()

        def release() -> None:
            if once.acquire(blocking=False):
                self._release(key)

        return release

    def _release(self, key: tuple[str, str]) -> None:
        with self._lock:
            if key not in self._followers:
                return
            self._watchers[key] -= 1
            if self._watchers[key]:
                return
            del self._watchers[key]
            follower = self._followers.pop(key)
        follower.stop()

    def close(self) -> None:
        """End all of them, whoever still looks."""
        with self._lock:
            followers = list(self._followers.values())
            self._followers.clear()
            self._watchers.clear()
        for follower in followers:
            follower.stop()


class _Follower:
    """Reads one container's log on one thread and publishes it from another, in batches."""

    def __init__(
        self, instance_id: str, container_id: str, engine: Engine, publish: Publish, clock: Callable[[], float]
    ) -> None:
        self._instance = instance_id
        self._container = container_id
        self._engine = engine
        self._publish = publish
        self._batch: list[LogLine] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._stream: AbstractContextManager[Iterator[LogLine]] | None = None
        self._begun = clock()
        self._newest = 0.0  # unix seconds, by the engine's clock
        self._tried = threading.Event()

    def begin(self) -> None:
        for work in (self._read, self._send):
            threading.Thread(target=work, name=f"forge-log-{self._instance}", daemon=True).start()

    def wait_until_open(self) -> None:
        """Until the engine has begun to tell (some milliseconds), or cannot."""
        self._tried.wait(_OPENING)

    def stop(self) -> None:
        """Close the engine's stream at once; both threads end."""
        self._end()
        self._leave()

    def _end(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _read(self) -> None:
        """A log ends with its container; somebody may start that again, so it is asked for until nobody looks."""
        wait = _AGAIN[0]
        while not self._stopped:
            before = self._newest
            try:
                self._read_once()
            except EngineUnavailable:
                pass  # everybody hears of that elsewhere; it may come back
            except EngineError as error:
                if error.code == "gone":
                    self._end()
            finally:
                self._tried.set()
            wait = _AGAIN[0] if self._newest != before else min(wait * 2, _AGAIN[1])
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, timeout=wait)

    def _read_once(self) -> None:
        """The first time from now on, by the engine's own idea of now; later from the newest line that was heard."""
        first = not self._tried.is_set()
        newest = self._newest
        since = None if first else newest or self._begun
        stream = self._engine.logs(self._container, tail=0 if first else None, since=since, follow=True)
        lines = stream.__enter__()
        with self._changed:
            self._stream = stream
        self._tried.set()
        if self._stopped:
            self._leave()
        try:
            for line in lines:
                if first or line.at > newest:
                    self._add(line)
        finally:
            self._leave()

    def _leave(self) -> None:
        """Leave the stream once, whoever comes first: the reader, or who stops it."""
        with self._changed:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.__exit__(None, None, None)

    def _add(self, line: LogLine) -> None:
        with self._changed:
            self._newest = max(self._newest, line.at)
            self._batch.append(line)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or len(self._batch) < _MOST)

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._batch)
                self._changed.wait_for(lambda: self._stopped or len(self._batch) >= _MOST, timeout=_EVERY)
                lines, self._batch = self._batch, []
                self._changed.notify_all()
            if lines:
                self._publish(self._instance, lines)
            elif self._stopped:
                return
